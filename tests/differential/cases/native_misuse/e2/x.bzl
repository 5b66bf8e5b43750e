def f():
    glob(["*"])

X = 1
