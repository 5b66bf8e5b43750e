{}.pop("a")

X = 1
