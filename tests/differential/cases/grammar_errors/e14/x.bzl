x = f"a"

X = 1
