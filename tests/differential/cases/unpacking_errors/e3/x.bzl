a, b = 5

X = 1
