"""Questions about the type of a value."""

_A_STRING = type("")
_A_BOOL = type(True)
_AN_INT = type(1)
_A_DEPSET = type(depset())
_A_DICT = type({})
_A_LIST = type([])
_A_NONE = type(None)
_A_TUPLE = type(())

def _a_function():
    pass

_A_FUNCTION = type(_a_function)

types = struct(
    is_bool = lambda value: type(value) == _A_BOOL,
    is_depset = lambda value: type(value) == _A_DEPSET,
    is_dict = lambda value: type(value) == _A_DICT,
    is_function = lambda value: type(value) == _A_FUNCTION,
    is_int = lambda value: type(value) == _AN_INT,
    is_list = lambda value: type(value) == _A_LIST,
    is_none = lambda value: type(value) == _A_NONE,
    is_set = lambda value: type(value) == "set",
    is_string = lambda value: type(value) == _A_STRING,
    is_tuple = lambda value: type(value) == _A_TUPLE,
)
