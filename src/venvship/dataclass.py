"""`dataclass` as in the standard library, but a method is compiled when it is called for the first time.

The standard library compiles up to ten methods for each class when its module is imported. Of four hundred classes most
are imported and never used by a command, and that was most of what a command did before it began.

Classes are dataclasses in every other respect: `fields`, `replace` and `match` work. `InitVar` and copies by `copy` or
`pickle` of what is frozen are not supported.
"""

from __future__ import annotations

TYPE_CHECKING = False


class HashedOnce:
    """A base of frozen dataclasses that are keys of many dictionaries: their hash is computed once."""

    __slots__ = ("_hash",)


if TYPE_CHECKING:
    from dataclasses import dataclass as dataclass
else:
    import dataclasses
    import types

    def dataclass(cls=None, /, *, eq=True, order=False, frozen=False, slots=False, kw_only=False):
        """Decorate a class; the options have the meaning of those of the standard library."""

        def decorate(cls):
            own = set(cls.__dict__)
            if "__eq__" in own and cls.__dict__.get("__hash__") is None:
                # Python writes this for every class that defines equality.
                own.discard("__hash__")
            if cls.__doc__ is None:
                # The standard library would take the signature apart for one.
                cls.__doc__ = cls.__name__
            made = dataclasses.dataclass(init=False, repr=False, eq=False, slots=slots, kw_only=kw_only)(cls)
            methods = {"__init__": _init_source, "__repr__": _repr_source}
            if eq:
                methods["__eq__"] = _eq_source
            if eq and frozen:
                methods["__hash__"] = _hash_source
            if order:
                methods |= dict.fromkeys(_OPERATORS, _order_source)
            for name, source in methods.items():
                if name not in own:
                    setattr(made, name, _compiled_when_called(made, name, source))
            if eq and not frozen and "__hash__" not in own:
                made.__hash__ = None
            if frozen:
                made.__setattr__ = _refuse_assignment
                made.__delattr__ = _refuse_deletion
            return made

        return decorate if cls is None else decorate(cls)

    _OPERATORS = {"__lt__": "<", "__le__": "<=", "__gt__": ">", "__ge__": ">="}

    def _compiled_when_called(cls, name, source_of):
        def first(self, *args, **kwargs):
            names = {}
            source = source_of(cls, name, names)
            exec(source, names)
            function = names[name]
            function.__qualname__ = f"{cls.__qualname__}.{name}"
            function.__module__ = cls.__module__
            setattr(cls, name, function)
            return function(self, *args, **kwargs)

        return first

    def _init_source(cls, name, names):
        positional, keyword, body = [], [], []
        is_frozen = cls.__setattr__ is _refuse_assignment
        for number, field in enumerate(dataclasses.fields(cls)):
            value = field.name
            if field.default_factory is not dataclasses.MISSING:
                names[f"_{number}"] = field.default_factory
                names["_MISSING"] = dataclasses.MISSING
                value = f"_{number}() if {field.name} is _MISSING else {field.name}" if field.init else f"_{number}()"
                default = "=_MISSING"
            elif field.default is not dataclasses.MISSING:
                names[f"_{number}"] = field.default
                default = f"=_{number}"
                value = field.name if field.init else f"_{number}"
            else:
                default = ""
                if not field.init:
                    continue
            if field.init:
                (keyword if field.kw_only else positional).append(field.name + default)
            slot = getattr(cls, field.name, None)
            if not is_frozen:
                body.append(f"self.{field.name} = {value}")
            elif isinstance(slot, types.MemberDescriptorType):
                # A quarter less of the time that a value of three fields takes than by name.
                names[f"_set_{number}"] = slot.__set__
                body.append(f"_set_{number}(self, {value})")
            else:
                names["_set"] = object.__setattr__
                body.append(f"_set(self, {field.name!r}, {value})")
        if hasattr(cls, "__post_init__"):
            body.append("self.__post_init__()")
        parameters = ["self", *positional, *(["*", *keyword] if keyword else [])]
        return f"def __init__({', '.join(parameters)}):\n " + "\n ".join(body or ["pass"])

    def _repr_source(cls, name, names):
        import reprlib

        names["_guarded"] = reprlib.recursive_repr()
        shown = ", ".join(f"{field.name}={{self.{field.name}!r}}" for field in dataclasses.fields(cls) if field.repr)
        return f"@_guarded\ndef __repr__(self):\n return f'{{self.__class__.__qualname__}}({shown})'"

    def _eq_source(cls, name, names):
        mine, other = _compared(cls, "self"), _compared(cls, "other")
        return (
            f"def __eq__(self, other):\n if other.__class__ is self.__class__:\n  return {mine} == {other}\n"
            " return NotImplemented"
        )

    def _order_source(cls, name, names):
        mine, other = _compared(cls, "self"), _compared(cls, "other")
        return (
            f"def {name}(self, other):\n if other.__class__ is self.__class__:\n"
            f"  return {mine} {_OPERATORS[name]} {other}\n return NotImplemented"
        )

    def _hash_source(cls, name, names):
        if not issubclass(cls, HashedOnce):
            return f"def __hash__(self):\n return hash({_compared(cls, 'self')})"
        names["_set"] = HashedOnce._hash.__set__
        return (
            "def __hash__(self):\n try:\n  return self._hash\n except AttributeError:\n"
            f"  _set(self, hash({_compared(cls, 'self')}))\n  return self._hash"
        )

    def _compared(cls, who):
        """A tuple of the fields that comparisons look at, which are those that count for the hash as well."""
        return "(" + "".join(f"{who}.{field.name}, " for field in dataclasses.fields(cls) if field.compare) + ")"

    def _refuse_assignment(self, name, value):
        raise dataclasses.FrozenInstanceError(f"cannot assign to field {name!r}")

    def _refuse_deletion(self, name):
        raise dataclasses.FrozenInstanceError(f"cannot delete field {name!r}")
