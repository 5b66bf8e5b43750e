"{".format()

X = 1
