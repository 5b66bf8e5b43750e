def main():
    s = struct(b = 1, a = [2], c = struct(d = "x"))
    print(s, "b" in dir(s), hasattr(s, "a"), hasattr(s, "z"), getattr(s, "b"), getattr(s, "z", "none"), s.c.d, s == struct(a = [2], b = 1, c = struct(d = "x")))
    print(dir("")[:3], "append" in dir([]), dir(1), dir(None), dir({}), dir(()), dir(True))
    print(struct(), struct(x = None), type(s), bool(struct()), [s.a[0]], s != struct(), [n for n in dir(struct(z = 1, y = 2)) if len(n) == 1])
