del x

X = 1
