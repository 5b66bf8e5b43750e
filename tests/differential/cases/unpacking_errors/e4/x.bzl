a, b = "ab"

X = 1
