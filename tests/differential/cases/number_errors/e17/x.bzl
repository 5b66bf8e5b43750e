1 + None

X = 1
