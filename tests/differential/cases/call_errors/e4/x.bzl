def f(a):
    pass

f(b = 1)

X = 1
