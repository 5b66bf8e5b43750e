A = len(None)

X = 1
