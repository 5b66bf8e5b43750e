load(":y.bzl", "y")

X = 1
