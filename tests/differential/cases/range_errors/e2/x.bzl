range("a")

X = 1
