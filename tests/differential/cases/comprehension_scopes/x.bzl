def main():
    x = "outer"
    print([x for x in [1, 2]], x, {x: x for x in "ab".elems()}, x)
    print([(i, j) for i in range(3) for j in range(i)], [i for i in range(10) if i % 2 if i > 4], [[j for j in range(i)] for i in range(3)])
    y = [1, 2]
    print([y for y in y], [z for y in [[3], [4]] for z in y], y)
    print([x + y for x in ["a", "b"] for y in ["c", "d"] if x != "a" or y != "d"], {k: [v for v in range(k)] for k in range(3)})
