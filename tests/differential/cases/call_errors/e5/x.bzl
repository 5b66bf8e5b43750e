def f(a):
    pass

f(**{"a": 1, 2: 3})

X = 1
