load(":y.bzl", "a")
