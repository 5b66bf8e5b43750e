"{0} {}".format(1, 2)

X = 1
