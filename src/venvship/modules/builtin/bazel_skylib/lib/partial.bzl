"""Functions with some arguments given ahead."""

def _call(partial, *args, **kwargs):
    every = dict(partial.kwargs)
    every.update(kwargs)
    return partial.function(*(partial.args + args), **every)

def _make(func, *args, **kwargs):
    return struct(function = func, args = args, kwargs = kwargs)

def _is_instance(value):
    return (
        type(value) == "struct" and
        hasattr(value, "function") and
        hasattr(value, "args") and
        hasattr(value, "kwargs")
    )

partial = struct(
    call = _call,
    is_instance = _is_instance,
    make = _make,
)
