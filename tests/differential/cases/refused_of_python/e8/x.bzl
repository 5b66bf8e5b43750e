for i in [1]:
    pass

X = 1
