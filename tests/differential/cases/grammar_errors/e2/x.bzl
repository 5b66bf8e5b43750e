while True:
    pass

X = 1
