sorted([1, "a"])

X = 1
