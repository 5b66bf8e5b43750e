"a" in depset(["a"])

X = 1
