attr.string("x")

X = 1
