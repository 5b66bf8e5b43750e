print(Label('//a b:c d').name, Label('//a b:c d').package)

X = 1
