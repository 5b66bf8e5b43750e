def f():
    s = struct(a = 1)
    s.a = 2

f()

X = 1
