def main():
    out = []
    for i in range(6):
        if i == 1:
            continue
        elif i == 4:
            break
        else:
            for j in range(3):
                if j == 1:
                    break
                out.append((i, j))
    print(out, i, "then" if out else "else", 1 if False else 2 if True else 3)
    print(None or "dflt", 0 or [] or "", 1 and 2, [] and 1 / 0, not 0, not "a", not not [], True and None, 1 or 1 / 0)
    for _ in []:
        pass
    print(1 if 2 > 1 else 0, -2 + 3 * 4 - 10 // 3, (1 + 2) * 3, 2 | 1 & 0, 1 << 2 + 1, not 1 == 2, "a" not in "b" and True, 6 & 5 ^ 1 | 8, -7 // 2 * 2)
