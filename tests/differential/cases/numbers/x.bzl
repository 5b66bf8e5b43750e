def main():
    print(7 // 2, -7 // 2, 7 // -2, 7 % 3, -7 % 3, 7 % -3, 7 / 2, 6 / 3, 2 * 3.0, 1 + 1.0, 10 - 3)
    print(1 << 10, 1024 >> 3, 6 & 3, 6 | 3, 6 ^ 3, ~5, -1 >> 1, 0x1F, 0o17, 1 == 1.0, 123456789 * 987654321 * 1000003)
    print(7.5 // 2, -7.5 // 2, 7.5 % 2, -7.5 % 2, 1.0, 1e10, 1e100, 1.5e-7, 0.1 + 0.2, 100000000000000000000.0, 3.14, -0.0, 1.0 / 3)
    print(int("12"), int("-7"), int("+3"), int("ff", 16), int("0xff", 16), int("0b11", 0), int("0o17", 0), int("z", 36), int(3.9), int(-3.9), int(True))
    print(float("1.5"), float(2), float("inf"), float("-inf"), float("nan"), float(True), str(1.0), float("1e3"))
    print(bool(0), bool(0.0), bool(""), bool("0"), bool([]), bool([0]), bool(None), bool(()), bool({}))
