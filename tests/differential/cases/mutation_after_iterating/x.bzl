def main():
    a = [1, 2]
    for x in a:
        if x == 1:
            break
    a.append(3)
    d = {"a": 1}
    for k in d.keys():
        d[k + "2"] = 2
    for k, v in d.items():
        d[k] = v + 1
    for x in list(a):
        a.append(x)
    print(a, d, [x for x in a if x > 1])
