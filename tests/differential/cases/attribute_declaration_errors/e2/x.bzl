attr.label(allow_files = 1)

X = 1
