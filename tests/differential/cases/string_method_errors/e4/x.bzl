"a".join("b")

X = 1
