"abc".startswith(1)

X = 1
