json.encode(float("nan"))

X = 1
