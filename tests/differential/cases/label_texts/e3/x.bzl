print(Label('//a/').name)

X = 1
