print(Label('').name)

X = 1
