def main():
    print("a,b,,c,".split(","), "a,b,c".split(",", 1), "a,b,c".split(",", 0), "".split(","), ",".split(","))
    print("a,b,c".rsplit(",", 1), "abc".rsplit("x"), "a--b--c".rsplit("--"), "a,b".rsplit(",", 5))
    print("a\nb\r\nc\n".splitlines(), "a\nb\n\n".splitlines(True), "".splitlines(), "\n".splitlines())
    print("a.b.c".partition("."), "a.b.c".rpartition("."), "abc".partition("."), "abc".rpartition("."))
    print(",".join([]), ",".join(["a"]), ", ".join(("a", "b")), "".join("abc".elems()), "-".join({"k": 1, "j": 2}))
