def main():
    l = Label("//labels_in_bzl/sub:dir/file.txt")
    print(l.name, l.package, l.workspace_name == "", l.relative(":other").name, l.relative("//x:y").package, type(l), l == Label("//labels_in_bzl/sub:dir/file.txt"), {l: 1}[Label("//labels_in_bzl/sub:dir/file.txt")], Label("//a/b").name)
    print(str(native.package_name()), [Label("//labels_in_bzl:" + n).name for n in ["a", "b"]])
