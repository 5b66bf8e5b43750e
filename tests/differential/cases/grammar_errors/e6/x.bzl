x = lambda_ -> 1

X = 1
