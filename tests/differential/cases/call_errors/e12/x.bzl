def f(a):
    return f(a)

f(1)

X = 1
