{}.popitem()

X = 1
