"a".split("")

X = 1
