struct(a = 1).b

X = 1
