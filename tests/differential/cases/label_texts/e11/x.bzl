print(Label('//a').name, Label('//a/b').name, Label('@x').name)

X = 1
