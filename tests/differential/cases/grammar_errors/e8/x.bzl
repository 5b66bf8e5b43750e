x = "abc

X = 1
