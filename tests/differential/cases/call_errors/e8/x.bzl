len()

X = 1
