attr.label_list(default = "x")

X = 1
