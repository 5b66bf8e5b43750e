getattr(struct(), "x")

X = 1
