"abc"[3]

X = 1
