def main():
    a = [0, 1, 2, 3, 4, 5]
    b = a[:]
    b.append(6)
    print(a, b, a[1:5:2], a[::-1], a[-3:-1], a[4:2], a[4:2:-1], a[:100], (1, 2, 3)[::-1], a[-1:0:-2])
    c = [a]
    a += [9]
    print(c, len(c[0]))
    d = a
    d = d + [10]
    print(len(a), len(d))
    t = (a,)
    a.clear()
    print(t)
    x = [1, 2]
    x *= 2
    x[0] += 10
    x[-1] = "z"
    print(x)
