class A:
    pass

X = 1
