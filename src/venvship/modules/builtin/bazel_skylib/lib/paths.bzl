"""Arithmetic on paths with forward slashes."""

def _is_absolute(path):
    return path.startswith("/") or (len(path) > 2 and path[1] == ":")

def _basename(path):
    return path.rpartition("/")[2]

def _dirname(path):
    head, slash, _ = path.rpartition("/")
    if not slash:
        return ""
    return head.rstrip("/") or "/"

def _join(path, *others):
    result = path
    for other in others:
        if _is_absolute(other):
            result = other
        elif not result or result.endswith("/"):
            result += other
        else:
            result += "/" + other
    return result

def _normalize(path):
    if not path:
        return "."
    if path.startswith("//") and not path.startswith("///"):
        start = "//"
    elif path.startswith("/"):
        start = "/"
    else:
        start = ""
    kept = []
    for part in path.split("/"):
        if part in ("", "."):
            continue
        if part != "..":
            kept.append(part)
        elif kept and kept[-1] != "..":
            kept.pop()
        elif not start:
            kept.append("..")
    return (start + "/".join(kept)) or "."

_BASE = 0
_SEPARATOR = 1
_DOT = 2
_DOTDOT = 3

def _is_normalized(path, look_for_same_level_references = True):
    state = _SEPARATOR
    for character in path.elems():
        if character == "/":
            if state == _DOTDOT or (state == _DOT and look_for_same_level_references):
                return False
            state = _SEPARATOR
        elif character == ".":
            state = {_SEPARATOR: _DOT, _DOT: _DOTDOT}.get(state, _BASE)
        else:
            state = _BASE
    return not (state == _DOTDOT or (state == _DOT and look_for_same_level_references))

def _relativize(path, start):
    segments = _normalize(path).split("/")
    start_segments = _normalize(start).split("/")
    if start_segments == ["."]:
        start_segments = []
    if segments[:len(start_segments)] != start_segments:
        fail("Path '{}' is not beneath '{}'".format(path, start))
    return "/".join(segments[len(start_segments):])

def _split_extension(path):
    name = _basename(path)
    root, dot, extension = name.rpartition(".")
    if not dot or not root.strip("."):
        return (path, "")
    return (path[:-len(extension) - 1], "." + extension)

def _replace_extension(path, new_extension):
    return _split_extension(path)[0] + new_extension

def _starts_with(path_a, path_b):
    if not path_b:
        return True
    segments = _normalize(path_a).split("/")
    start = _normalize(path_b).split("/")
    return segments[:len(start)] == start

paths = struct(
    basename = _basename,
    dirname = _dirname,
    is_absolute = _is_absolute,
    is_normalized = _is_normalized,
    join = _join,
    normalize = _normalize,
    relativize = _relativize,
    replace_extension = _replace_extension,
    split_extension = _split_extension,
    starts_with = _starts_with,
)
