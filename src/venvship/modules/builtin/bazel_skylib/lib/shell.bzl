"""Text for shells."""

def _quote(text):
    return "'" + text.replace("'", "'\\''") + "'"

def _array_literal(iterable):
    return "(" + " ".join([_quote(str(element)) for element in iterable]) + ")"

shell = struct(
    array_literal = _array_literal,
    quote = _quote,
)
