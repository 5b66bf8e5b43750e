json.decode("{\"a\": 1, \"a\": 2}")

X = 1
