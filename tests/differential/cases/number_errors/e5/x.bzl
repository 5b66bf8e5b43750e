int("")

X = 1
