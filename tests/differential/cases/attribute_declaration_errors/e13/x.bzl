rule()

X = 1
