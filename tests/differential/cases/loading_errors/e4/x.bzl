load(":y.bzl", "given")

given.append(1)

X = 1
