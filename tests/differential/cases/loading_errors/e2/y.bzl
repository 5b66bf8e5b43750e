missed = 1
