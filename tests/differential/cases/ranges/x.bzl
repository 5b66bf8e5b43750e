def main():
    r = range(2, 11, 3)
    print(r, list(r), len(r), r[0], r[-1], 5 in r, 6 in r, "a" in [1], type(r))
    print(range(3), list(range(3, 0, -1)), list(range(0)), list(range(5, 1)), range(0, 10, 2)[1:3], list(range(10)[::3]), bool(range(0)), bool(range(1)))
    print(range(3) == range(0, 3, 1), range(0) == range(5, 1), range(0, 3, 2) == range(0, 4, 2), [x for x in range(2)], repr(range(1, 2)), str(range(1, 9, 4)))
