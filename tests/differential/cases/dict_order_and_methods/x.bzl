def main():
    d = {"b": 1, "a": 2}
    d["c"] = 3
    d["b"] = 4
    print(d, list(d), d.keys(), d.values(), d.items(), len(d), "a" in d, 4 in d)
    print(d.get("a"), d.get("z"), d.get("z", "dflt"), d.setdefault("a", 9), d.setdefault("n"), d.setdefault("m", []), d)
    print(d.pop("b"), d.pop("zz", "default"), d.popitem(), d)
    d["b"] = "again"
    print(d)
    d.update({"a": "new", "q": 1}, kw = 2)
    d.update([("p", 1), ["r", 2]])
    print(d)
    print(dict(), dict(a = 1), dict({"a": 1}, b = 2), dict([("x", 1)], x = 2), dict([["k", "v"]]))
    d.clear()
    print(d, bool(d), {} == {}, {"a": 1, "b": 2} == {"b": 2, "a": 1})
