def _counter(log, i):
    log.append(i)
    return i

def main():
    log = []
    l = [0, 10, 20]
    l[_counter(log, 1)] += 5
    print(l, log)
    n = 1
    n += 2
    n *= 5
    n -= 1
    n //= 2
    n %= 4
    n |= 8
    n &= 12
    n ^= 1
    n <<= 2
    n >>= 1
    f = 3
    f /= 2
    s = "a"
    s += "b"
    s *= 2
    t = (1,)
    u = t
    t += (2,)
    d = {"k": [1]}
    d["k"] += [2]
    print(n, f, s, t, u, d)
