{"a": 1}.update([("a",)])

X = 1
