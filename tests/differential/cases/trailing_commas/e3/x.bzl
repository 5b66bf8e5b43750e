for_ = [x for x, in [(1,)]]

X = 1
