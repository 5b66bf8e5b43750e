int([])

X = 1
