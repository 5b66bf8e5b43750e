def f(a):
    pass

f()

X = 1
