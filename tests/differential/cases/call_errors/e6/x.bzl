def f(*, a):
    pass

f(1)

X = 1
