def main():
    print(json.encode({"b": [1, 2.5, None, True], "a": {"x": "q\"\\\n\t"}, "e": ()}), json.encode(struct(z = 1, a = [])), json.encode("é/<"), json.encode(1e10), json.encode(-0.5))
    print(json.decode("[1, 2.0, \"a\", null, true, {\"k\": [], \"a\": 1e2}]"), json.decode("\"\\u0041\\n\"").replace("\n", "|"), json.decode(" 12 "), type(json.decode("1")), type(json.decode("1.0")))
    print(json.indent("{\"a\":[1,{}],\"b\":[]}", prefix = "", indent = " ").replace("\n", "|"), json.encode_indent({"k": [1]}, indent = "--").replace("\n", "|"))
