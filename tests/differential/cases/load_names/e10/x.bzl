load("//load_names:y.bzl", "a")

a = 2
X = 1
