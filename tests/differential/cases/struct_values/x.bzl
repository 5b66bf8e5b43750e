def main():
    a = struct(x = 1, y = (1, 2))
    d = {a: "found"}
    print(d[struct(y = (1, 2), x = 1)], a in d, a == struct(x = 1.0, y = (1, 2)), str(struct(s = "q\"t", n = None, f = 1.5)), repr([struct(a = "b")]))
    print(struct(**{"k": 1, "j": 2}), struct(a = 1) + struct(b = 2) if False else "no sums")
    l = struct(items = [])
    l.items.append(1)
    print(l)
