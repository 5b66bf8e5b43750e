sorted([1], key = 1)

X = 1
