X1 = [p for p, q in [1]]

X = 1
