dict([1])

X = 1
