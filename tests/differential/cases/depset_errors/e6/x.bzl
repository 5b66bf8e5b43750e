depset([1], transitive = [depset(["a"])])

X = 1
