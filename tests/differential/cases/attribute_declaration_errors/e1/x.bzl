attr.string(default = 1)

X = 1
