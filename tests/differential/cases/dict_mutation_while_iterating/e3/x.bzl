def f():
    a = [1, 2]
    b = [a.append(x) for x in a]

f()

X = 1
