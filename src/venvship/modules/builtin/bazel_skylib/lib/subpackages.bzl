"""Packages below the one that is loaded."""

def _all(exclude = [], allow_empty = False, fully_qualified = True):
    found = native.subpackages(include = ["**"], exclude = exclude, allow_empty = allow_empty)
    if not fully_qualified:
        return found
    above = native.package_name()
    return ["//" + (above + "/" if above else "") + name for name in found]

def _exists(relative_path):
    return relative_path in native.subpackages(include = [relative_path], allow_empty = True)

subpackages = struct(
    all = _all,
    exists = _exists,
    supported = lambda: True,
)
