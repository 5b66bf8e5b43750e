native.filegroup(name = "a")
X = 1
