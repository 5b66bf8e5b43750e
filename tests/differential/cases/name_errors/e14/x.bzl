def f():
    continue

X = 1
