def grow(x, into = []):
    into.append(x)
    return into

def own(x, into = None):
    into = into or []
    into.append(x)
    return into

FROM_HERE = [own(1), own(2), len(grow(1)), len(grow(1))]
