A = 1 is 1

X = 1
