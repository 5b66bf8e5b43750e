X = json.decode("{\"a\": 1, \"b\": 2, \"a\": 3}")

print(X)
