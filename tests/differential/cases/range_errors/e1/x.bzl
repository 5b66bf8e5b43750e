range(1, 2, 0)

X = 1
