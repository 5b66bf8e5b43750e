"""Paths against patterns with `*`, `**` and `?`."""

def is_glob(expr):
    """Whether a text holds any of the special characters."""
    return "*" in expr or "?" in expr

def _segment(pattern, text):
    # Where the rest of the text may begin after each part of the pattern.
    places = {0: None}
    for character in pattern.elems():
        found = {}
        for place in places:
            if character == "*":
                for later in range(place, len(text) + 1):
                    found[later] = None
            elif place < len(text) and (character == "?" or text[place] == character):
                found[place + 1] = None
        places = found
    return len(text) in places

def glob_match(expr, path, match_path_separator = False):
    """Whether a path matches a pattern: `*` stays within a segment, `**` does not."""
    if expr == "":
        fail("glob_match expression should not be empty")
    if match_path_separator:
        return _segment(expr.replace("**", "*"), path)
    segments = path.split("/")
    places = {0: None}
    for part in expr.split("/"):
        found = {}
        for place in places:
            if part == "**":
                for later in range(place, len(segments) + 1):
                    found[later] = None
            elif place < len(segments) and _segment(part.replace("**", "*"), segments[place]):
                found[place + 1] = None
        places = found
    return len(segments) in places
