load(":y.bzl", "FROM_HERE", "grow", "own")

def main(fails):
    print(own(1), own(2), grow(3, [1]), FROM_HERE)
    if fails:
        grow(1)
