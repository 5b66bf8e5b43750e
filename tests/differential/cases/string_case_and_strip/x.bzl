def main():
    print("hello World".capitalize(), "hELLO wORLD it's".title(), "HeLLo".lower(), "HeLLo".upper())
    print(repr("  x \t\n".strip()), repr("xxabcxx".strip("x")), repr("abcba".lstrip("ab")), repr("abcba".rstrip("ab")), repr("  a".rstrip()))
    print("aaa".replace("a", "b"), "aaa".replace("a", "b", 2), "abc".replace("", "-"), "abc".replace("b", ""), "aaa".replace("aa", "a"), "a".replace("a", "b", 0))
    print("".isalpha(), "ab".isalpha(), "a1".isalnum(), "12".isdigit(), "".isdigit(), " \n".isspace(), "".isspace(), "Ab".istitle(), "AB".isupper(), "ab".islower(), "1".isupper(), "A1".isupper(), "A b".istitle())
