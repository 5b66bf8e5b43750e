[1].remove(2)

X = 1
