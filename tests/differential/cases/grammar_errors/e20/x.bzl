assert True

X = 1
