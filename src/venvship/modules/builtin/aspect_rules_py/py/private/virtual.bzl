"""Values for the attribute `resolutions`."""

def _from_requirements(base, requirement_fn = lambda name: name):
    if type(base) == "dict":
        base = base.keys()
    return {name: str(requirement_fn(name)) for name in base}

def _override(first, second):
    return first | second

resolutions = struct(
    empty = lambda: {},
    from_requirements = _from_requirements,
    override = _override,
)
