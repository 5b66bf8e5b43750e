print(undefined_name)

X = 1
