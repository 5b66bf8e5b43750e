x = a if b else

X = 1
