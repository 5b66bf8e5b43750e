1 in "a"

X = 1
