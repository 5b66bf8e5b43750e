def main():
    s = "abcdef"
    print(s[1:3], s[:2], s[-2:], s[::2], s[::-1], s[4:1:-1], s[5:0:-2], s[10:], s[:-10], s[2:2], s[-100:3], s[None:None:None])
    print(s[0], s[-1], s[-6], "é"[:0], s[1:None], s[:None:2], s * 2, 2 * "ab", "ab" * 0, "ab" * -1)
