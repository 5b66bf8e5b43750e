load("//freezing_of_globals:y.bzl", "D", "S", "arg", "read")

print(read(), arg([0]), D, S, list(D["l"]) + [3], dict(D, k = 1))
X = 1
