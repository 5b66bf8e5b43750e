print(len("x"))
len = 3
zz = 1
