struct(a = 1)["a"]

X = 1
