reversed({"a": 1}.get)

X = 1
