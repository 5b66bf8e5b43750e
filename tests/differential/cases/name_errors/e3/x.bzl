def f():
    return undefined_in_function

X = 1
