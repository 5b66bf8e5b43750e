def f():
    pass

f = 1

X = 1
