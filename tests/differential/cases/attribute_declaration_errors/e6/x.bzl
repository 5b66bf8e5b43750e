attr.label(executable = True)

X = 1
