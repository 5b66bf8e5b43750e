load(":y.bzl", "len", plain = "str")

rule = 5

def print_all():
    print(len, rule, plain)
    type = "local"
    print(type)
    print([dict for dict in [1, 2]], dict(a = 1))

def max(a, b):
    return "mine"

print_all()
print(max(1, 2))

def shadow(repr, list = 3):
    return [repr, list]

print(shadow(1), repr("x"), list((1, 2)))
