def f():
    yield 1

X = 1
