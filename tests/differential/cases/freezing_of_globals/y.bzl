D = {"l": [1]}
S = struct(inner = [])

def touch():
    D["x"] = 1

def read():
    return D["l"] + [2]

def arg(x):
    x.append(1)
    return x
