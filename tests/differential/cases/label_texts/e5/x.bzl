print(Label('//a:../b').name)

X = 1
