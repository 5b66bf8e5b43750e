sorted([None, None])

X = 1
