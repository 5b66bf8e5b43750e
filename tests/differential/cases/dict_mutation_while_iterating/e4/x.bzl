def f():
    a = [1, 2]
    for x in a:
        a[0] = x

f()

X = 1
