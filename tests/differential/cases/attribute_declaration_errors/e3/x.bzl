attr.label(allow_single_file = True, allow_files = True)

X = 1
