def f():
    fail('told', 1, ['x'])

f()

X = 1
