range(3) < range(4)

X = 1
