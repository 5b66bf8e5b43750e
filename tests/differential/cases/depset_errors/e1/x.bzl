depset([[]])

X = 1
