None.x

X = 1
