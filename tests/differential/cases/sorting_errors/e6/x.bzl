max()

X = 1
