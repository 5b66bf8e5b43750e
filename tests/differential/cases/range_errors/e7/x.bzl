range()

X = 1
