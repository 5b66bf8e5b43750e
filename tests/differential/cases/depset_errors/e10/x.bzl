len(depset())

X = 1
