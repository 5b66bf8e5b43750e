load(":y.bzl", "missing")

X = 1
