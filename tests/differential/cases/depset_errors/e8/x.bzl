depset(["a"], transitive = [depset(order = "preorder", direct = ["b"])], order = "postorder")

X = 1
