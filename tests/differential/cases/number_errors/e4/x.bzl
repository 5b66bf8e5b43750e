int("a")

X = 1
