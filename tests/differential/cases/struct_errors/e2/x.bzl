struct(1)

X = 1
