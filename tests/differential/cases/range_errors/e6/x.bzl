range(3) + range(3)

X = 1
