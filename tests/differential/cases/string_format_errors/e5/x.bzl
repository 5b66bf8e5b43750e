"}".format()

X = 1
