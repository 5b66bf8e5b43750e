depset(transitive = ["a"])

X = 1
