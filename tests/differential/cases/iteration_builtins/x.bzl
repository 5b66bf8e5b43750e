def main():
    print(list(enumerate(["a", "b"])), enumerate(["x"], 5), list(zip([1, 2, 3], "ab".elems())), zip(), zip([1]), zip([1, 2], [3], []))
    print(all([]), any([]), all([1, "a", []]), any([0, "", None, 2]), all({"a": 1}), any({"": 1}), all(range(1, 3)))
    print(list({"a": 1}), tuple([1, 2]), list((1, 2)), tuple({"k": 1}), list(range(2)), tuple(), list(), len((1, 2)), len({}), len("abc"))
    print(type(enumerate([])), type(zip()), enumerate({"a": 1}.items()))
