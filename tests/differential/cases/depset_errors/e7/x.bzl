depset(["a"], order = "nope")

X = 1
