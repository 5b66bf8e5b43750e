{struct(a = []): 1}

X = 1
