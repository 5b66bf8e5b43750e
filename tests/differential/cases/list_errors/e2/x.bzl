[].pop()

X = 1
