json.decode("01")

X = 1
