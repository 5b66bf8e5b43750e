break

X = 1
