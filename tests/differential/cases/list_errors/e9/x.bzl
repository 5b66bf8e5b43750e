[1].extend(1)

X = 1
