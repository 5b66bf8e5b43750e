print(X2)
X2 = 1

X = 1
