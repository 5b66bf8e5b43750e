load(":x.bzl", "X")

y = 1
