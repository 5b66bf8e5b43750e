def f(a, b):
    return g(a)

def g(b):
    return f(b, b)

f(1, 2)

X = 1
