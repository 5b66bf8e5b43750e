load(":y.bzl", "f", _b = "b", renamed = "a")

c = renamed + f()
shared = _b
