def f():
    print(z)
    z = 1

f()

X = 1
