attr.nope()

X = 1
