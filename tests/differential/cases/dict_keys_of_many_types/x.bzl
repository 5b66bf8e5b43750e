def main():
    d = {1: "int", "1": "str", (1, 2): "tuple", None: "none", 2.5: "float", True: "bool"}
    print(d, d[1.0], d[(1, 2)], d[True], d[None], 2.5 in d, (2, 1) in d)
    d[1.0] = "again"
    print(len(d), d[1], list(d.keys())[0])
    print({k: v for k, v in [("a", 1), ("a", 2)]}, {len(k): k for k in ["x", "yy", "z"]})
