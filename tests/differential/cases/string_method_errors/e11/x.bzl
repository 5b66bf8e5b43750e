"abc".replace("a")

X = 1
