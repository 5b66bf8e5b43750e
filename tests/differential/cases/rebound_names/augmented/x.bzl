len += 1
zz = 1
