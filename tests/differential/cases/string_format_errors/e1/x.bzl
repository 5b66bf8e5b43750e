"{}".format()

X = 1
