def _second(p):
    return p[1]

def _length(s):
    return len(s)

def _same(x):
    return 0

def main():
    print(sorted([3, 1, 2]), sorted(["b", "B", "a", "A"]), sorted([1, 2, 3], reverse = True), sorted({"z": 1, "y": 2}), sorted((2, 1)), sorted([]))
    print(sorted([("a", 2), ("b", 1), ("c", 2)], key = _second), sorted([("a", 2), ("b", 1), ("c", 2)], key = _second, reverse = True))
    print(sorted(["ccc", "a", "bb", "d"], key = _length), sorted(["x", "y", "z"], key = _same, reverse = True), sorted(["b", "a"], key = len))
    print(sorted([[2, 1], [1, 9], [1]]), sorted([1.5, 1, 2]), sorted([True, False]), reversed([1, 2, 3]), reversed((1, 2)), reversed("ab".elems()))
    print(min(3, 1, 2), max([3, 1, 2]), min("b", "a"), max((1, 2)), min([[2], [1, 5]]), max("abc".elems()))
