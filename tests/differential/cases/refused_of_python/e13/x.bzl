N = [0]

def f():
    N += [2]

f()

X = 1
