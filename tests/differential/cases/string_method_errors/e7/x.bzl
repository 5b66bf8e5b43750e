"abc".nope()

X = 1
