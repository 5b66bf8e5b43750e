def f():
    for x, in [(1,)]:
        pass

X = 1
