if True:
    A = 1

X = 1
