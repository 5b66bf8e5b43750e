def _t(log, x):
    log.append(x)
    return x

def _f(*args, **kwargs):
    return None

def main():
    log = []
    _f(_t(log, "p1"), _t(log, "p2"), k = _t(log, "k1"), *[_t(log, "args")], **{"z": _t(log, "kwargs")})
    d = {_t(log, "key1"): _t(log, "value1"), _t(log, "key2"): _t(log, "value2")}
    x = [_t(log, "if")] if _t(log, "cond") else _t(log, "else")
    y = _t(log, 1) + _t(log, 2) * _t(log, 3)
    z = [0, 1, 2, 3][_t(log, 1):_t(log, 3)]
    l = [0, 0]
    l[_t(log, 0)] = _t(log, "rhs")
    c = [_t(log, i) for i in range(_t(log, 2)) if _t(log, True)]
    print(log)
