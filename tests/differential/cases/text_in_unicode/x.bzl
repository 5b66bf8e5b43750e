print(len("é"), len("日本"), len("😀"), "日本"[0:1], list("né".elems()), "é".upper(), "日本"[1], "aé".find("é"), "%s" % "é")

X = 1
