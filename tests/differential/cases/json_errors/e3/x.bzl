json.decode("[1,]")

X = 1
