def main():
    print("a", repr("a"), str(["a", 'q"', "it's"]), repr(None), str(True), repr((1,)), repr(()), {"k": "v"}, ("a", ["b"], {"c": ("d",)}), sep = "|")
    print(str(1.0), str(1e20), repr(0.1), str(123456789.0), str(1e6), str(1e15), str(1e16), str(1e17), str(1.5e300), str(1e-5), str(0.0001), str(-1.25))
    print(len, "".join, [].append, print, type(len), str, type(int), int)
    print("x", "y", sep = "")
    print()
    print(None, True, sep = ", ")
