len(x = [])

X = 1
