depset(["a"])[0]

X = 1
