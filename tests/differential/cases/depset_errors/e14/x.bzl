depset([struct(a = [])])

X = 1
