depset("abc")

X = 1
