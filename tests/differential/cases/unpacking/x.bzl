def main():
    a, b = 1, 2
    [c, d] = (3, 4)
    (e, [f, g]) = [5, (6, 7)]
    (h,) = [8]
    print(a, b, c, d, e, f, g, h)
    a, b = b, a
    print(a, b)
    for i, (k, v) in enumerate({"x": 1}.items()):
        print(i, k, v)
    l = [0, 0]
    l[0], l[1] = 1, 2
    m = {}
    m["a"], x = 1, 2
    print(l, m, x, [p + q for p, q in [(1, 2), [3, 4]]], [u for (u, _) in {"k": 0}.items()])
