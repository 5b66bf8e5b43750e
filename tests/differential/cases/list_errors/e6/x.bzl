[1].insert("a", 1)

X = 1
