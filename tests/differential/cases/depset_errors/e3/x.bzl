depset([{}])

X = 1
