def f():
    a = [1, 2]
    for x in a:
        a.append(x)

f()

X = 1
