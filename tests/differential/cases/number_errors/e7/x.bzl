int(None)

X = 1
