min([])

X = 1
