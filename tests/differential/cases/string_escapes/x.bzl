def main():
    print(repr("a\tb\nc\\d\"e'f"), repr('"'), repr("'"), len("\n\\"), repr("\r"), repr("\0"), repr("\101\12"))
    print(r"a\nb", r"\"", len(r"\""), """x
    y""".replace("\n", "|"), "a\
    b", r"a\\b", '''q"q''')
    print("abc".elems(), type("abc".elems()), list("abc".elems()), repr("\177"))
