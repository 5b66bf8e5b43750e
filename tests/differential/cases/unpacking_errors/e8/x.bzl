def f():
    a, b += (1, 2)

X = 1
