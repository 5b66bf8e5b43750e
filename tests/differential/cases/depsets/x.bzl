def main():
    a = depset(["a", "b"])
    b = depset(["c", "b"], transitive = [a])
    c = depset(["d"], transitive = [a, b])
    print(c.to_list(), b.to_list(), depset().to_list(), bool(depset()), bool(a), type(a), depset(transitive = [a]).to_list(), depset([1, 2, 1]).to_list())
    for order in ["default", "postorder", "preorder", "topological"]:
        x = depset(["x1", "x2"], order = order)
        y = depset(["y"], order = order, transitive = [x])
        z = depset(["z"], order = order, transitive = [x])
        print(order, depset(["t"], order = order, transitive = [y, z]).to_list())
    print(depset([struct(a = 1), struct(a = 2), struct(a = 1)]).to_list(), depset([(1, 2), (1, 2)]).to_list(), a == depset(["a", "b"]), a == a, len({a: 1, b: 2}), depset(("t", "u")).to_list())
    l = ["m"]
    d = depset(l)
    l.append("n")
    print(d.to_list(), d.to_list() == ["m"], depset(direct = ["k"], transitive = []).to_list())
