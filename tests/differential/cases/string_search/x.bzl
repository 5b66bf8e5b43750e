def main():
    s = "bananas and ananas"
    print(s.find("an"), s.find("an", 2), s.find("an", 2, 4), s.rfind("an"), s.rfind("an", 0, 5), s.find("zz"), s.find(""), s.rfind(""))
    print(s.index("n"), s.rindex("n"), s.count("an"), s.count("ana"), s.count(""), s.count("a", 3), s.count("a", -4, -1))
    print(s.startswith("ban"), s.startswith(("x", "b")), s.startswith("nan", 2), s.endswith("nas"), s.endswith(("s", "t")), s.endswith("ana", 0, 6), s.startswith(()))
    print("an" in s, "" in s, "" in "", "b" not in s, s.find("an", -100), s.find("b", 1000))
