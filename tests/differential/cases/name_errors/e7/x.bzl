def f(a, a):
    pass

X = 1
