def f():
  pass
   pass

X = 1
