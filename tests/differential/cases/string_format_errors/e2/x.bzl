"{a}".format(b = 1)

X = 1
