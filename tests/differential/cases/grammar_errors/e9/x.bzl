try:
    pass
except:
    pass

X = 1
