json.encode(len)

X = 1
