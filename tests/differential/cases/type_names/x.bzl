def _f():
    pass

print([type(value) for value in [None, True, 1, 1.5, "s", [], (), {}, struct(), depset(), range(1), len, _f, Label("//a"), select({"//conditions:default": 1}), provider(), json, "".strip, [].append, "a".elems()]])

def _methods():
    upper = "abc".upper
    print(upper(), getattr("a b", "split")(" "), hasattr([], "append"), hasattr("", "nope"), getattr("x", "nope", None))

_methods()

X = 1
