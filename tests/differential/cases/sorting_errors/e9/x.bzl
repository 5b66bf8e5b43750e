max(1)

X = 1
