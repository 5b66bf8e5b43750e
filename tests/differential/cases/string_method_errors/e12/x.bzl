"abc".find("a", "b")

X = 1
