range(3)[3]

X = 1
