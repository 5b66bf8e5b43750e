range(1.0)

X = 1
