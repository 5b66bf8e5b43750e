with x:
    pass

X = 1
