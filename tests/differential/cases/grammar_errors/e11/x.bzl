if True:
pass

X = 1
