"""Functions on lists."""

def every(f, arr):
    """Whether `f` holds for all elements."""
    return all([bool(f(element)) for element in arr])

def filter(f, arr):
    """The elements for which `f` holds."""
    return [element for element in arr if f(element)]

def find(f, arr):
    """Position and value of the first element for which `f` holds."""
    for position, element in enumerate(arr):
        if f(element):
            return (position, element)
    return (-1, None)

def map(f, arr):
    """`f` of all elements."""
    return [f(element) for element in arr]

def once(f, arr):
    """Whether `f` holds for exactly one element."""
    return len(filter(f, arr)) == 1

def pick(f, arr):
    """The first element for which `f` holds."""
    return find(f, arr)[1]

def some(f, arr):
    """Whether `f` holds for any element."""
    return any([bool(f(element)) for element in arr])

def unique(arr):
    """The elements, each once."""
    return {element: None for element in arr}.keys()
