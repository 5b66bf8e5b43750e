def size():
    return len("ab")

len = 7
print(size())
zz = 1
