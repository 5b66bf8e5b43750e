[q for q in [1]]
print(q)

X = 1
