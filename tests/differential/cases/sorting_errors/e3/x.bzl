sorted(1)

X = 1
