json.decode("nope")

X = 1
