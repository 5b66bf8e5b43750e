json.decode("")

X = 1
