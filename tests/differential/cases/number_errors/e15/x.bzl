int(float("nan"))

X = 1
