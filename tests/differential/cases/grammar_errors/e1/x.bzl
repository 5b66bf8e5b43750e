x = 1 if True

X = 1
