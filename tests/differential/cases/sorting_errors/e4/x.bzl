sorted([{}, {}])

X = 1
