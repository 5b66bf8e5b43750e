json.decode("1 2")

X = 1
