s = struct(a = 1)
s.a = 2

X = 1
