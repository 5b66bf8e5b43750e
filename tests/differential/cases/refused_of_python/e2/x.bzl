A = True < 1

X = 1
