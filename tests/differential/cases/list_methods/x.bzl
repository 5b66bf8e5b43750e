def main():
    a = [3, 1, 2]
    b = a
    a.append(4)
    a.extend((5, 6))
    a.extend([])
    a.insert(0, "first")
    a.insert(-1, "before last")
    a.insert(100, "end")
    a.insert(-100, "start")
    print(a, b == a, len(b))
    print(a.pop(), a.pop(0), a.pop(-1), a.remove("before last"), a)
    print(a.index(1), a.index(1, 2), a.index(2, -3, -1))
    a.clear()
    print(b, [1] + [2], [1, 2] * 2, 0 * [1], [[]] * 2, (1,) + (2, 3), (1, 2) * 2, () * 5)
