"""Versions of Bazel as its files see them."""

def _get():
    return native.bazel_version

def _parse(bazel_version):
    numbers = bazel_version.partition(" ")[0].partition("-")[0]
    return tuple([int(part) for part in numbers.split(".")])

def _is_at_least(threshold, version):
    return _parse(version) >= _parse(threshold)

def _is_at_most(threshold, version):
    return _parse(version) <= _parse(threshold)

def _check(minimum_bazel_version, maximum_bazel_version = None, bazel_version = None):
    version = bazel_version or native.bazel_version
    if not _is_at_least(minimum_bazel_version, version):
        fail("Current Bazel version is {}; expected at least {}".format(version, minimum_bazel_version))
    if maximum_bazel_version and not _is_at_most(maximum_bazel_version, version):
        fail("Current Bazel version is {}; expected at most {}".format(version, maximum_bazel_version))

versions = struct(
    check = _check,
    get = _get,
    is_at_least = _is_at_least,
    is_at_most = _is_at_most,
    parse = _parse,
)
