native.nope(name = "a")
X = 1
