[1].index(2)

X = 1
