float("x")

X = 1
