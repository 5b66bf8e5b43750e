"""Functions on sequences."""

def _after_each(separator, iterable):
    return [element for pair in iterable for element in (pair, separator)]

def _before_each(separator, iterable):
    return [element for pair in iterable for element in (separator, pair)]

def _uniq(iterable):
    return {element: None for element in iterable}.keys()

collections = struct(
    after_each = _after_each,
    before_each = _before_each,
    uniq = _uniq,
)
