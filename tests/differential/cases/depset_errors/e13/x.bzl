sorted(depset(["a"]))

X = 1
