"abc".index("z")

X = 1
