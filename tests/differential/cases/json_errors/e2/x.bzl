json.encode({1: 2})

X = 1
