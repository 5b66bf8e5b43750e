"""Sets as structs around dictionaries."""

def _make(elements = None):
    return struct(_values = {element: None for element in (elements or [])})

def _copy(s):
    return struct(_values = dict(s._values))

def _to_list(s):
    return s._values.keys()

def _insert(s, e):
    s._values[e] = None
    return s

def _remove(s, e):
    s._values.pop(e)
    return s

def _contains(a, e):
    return e in a._values

def _length(s):
    return len(s._values)

def _is_subset(a, b):
    return all([element in b._values for element in a._values])

def _is_equal(a, b):
    return len(a._values) == len(b._values) and _is_subset(a, b)

def _disjoint(a, b):
    return not any([element in b._values for element in a._values])

def _intersection(a, b):
    return struct(_values = {element: None for element in a._values if element in b._values})

def _union(*args):
    return struct(_values = {element: None for one in args for element in one._values})

def _difference(a, b):
    return struct(_values = {element: None for element in a._values if element not in b._values})

def _repr(s):
    return repr(s._values.keys())

sets = struct(
    contains = _contains,
    copy = _copy,
    difference = _difference,
    disjoint = _disjoint,
    insert = _insert,
    intersection = _intersection,
    is_equal = _is_equal,
    is_subset = _is_subset,
    length = _length,
    make = _make,
    remove = _remove,
    repr = _repr,
    str = _repr,
    to_list = _to_list,
    union = _union,
)
