def f():
    load("//load_names:y.bzl", "a")

X = 1
