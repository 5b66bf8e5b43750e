def f():
    d = {'a': 1}
    for x in d:
        d['b'] = 1

f()

X = 1
