depset(["a"]) | depset(["b"])

X = 1
