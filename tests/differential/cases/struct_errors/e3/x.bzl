struct(a = 1) < struct(a = 2)

X = 1
