attr.label(cfg = "nope")

X = 1
