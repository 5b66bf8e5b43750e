def _f(a, b = 2, *args, c, d = 4, **kwargs):
    return (a, b, args, c, d, kwargs)

def _g(*, k = 1):
    return k

def _h(a, b = [], *rest):
    return [a, b, rest]

def main():
    print(_f(1, c = 3), _f(1, 5, 6, 7, c = 3, z = 9, y = 8), _f(*[1, 2, 3], **{"c": 4}), _f(a = 1, c = 2, b = 3))
    print(_g(), _g(k = 2), _g(**{"k": 3}), _h(1), _h(1, 2, 3, 4), _h(*"a".elems()), _h(0, *[1, 2]), _h(b = 1, a = 2))
    print(_f, type(_f), _f == _f, [_g][0](), repr(_h))
