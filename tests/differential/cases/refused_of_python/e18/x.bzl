A = '{} {}'.format(1)

X = 1
