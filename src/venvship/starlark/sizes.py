"""How large values may become, and what making them costs.

The budget of a thread counts what was made, not what is still alive. Small values that are made again and again, as
when a program joins a text line by line, are therefore counted by a fraction.
"""

from __future__ import annotations

from venvship.starlark.errors import EvaluationError
from venvship.starlark.thread import STEP_BITS, current_thread

MAX_ELEMENTS = 1 << 22
MAX_CHARACTERS = 1 << 24

SMALL = 256
"""Results up to this size are not accounted for: the step budget bounds their number."""

_ELEMENTS_IN_STEP = 32
"""Elements that are copied in the time of one step."""

_LARGE = 1 << 20
_CHARACTERS_AT_ONE = 16
_ELEMENTS_AT_ONE = 2


def new_text(size: int) -> None:
    """Pay for a string of `size` characters before it is made."""
    if size > SMALL:
        if size > MAX_CHARACTERS:
            raise EvaluationError(f"a string of {size} characters is too large, the limit is {MAX_CHARACTERS}")
        thread = current_thread()
        thread.use_steps(size >> STEP_BITS)
        thread.use_memory(size if size > _LARGE else size // _CHARACTERS_AT_ONE)


def new_elements(size: int) -> None:
    """Pay for a list, tuple, dictionary or set of `size` elements before it is made."""
    if size >= _ELEMENTS_IN_STEP:
        thread = current_thread()
        thread.use_steps(size // _ELEMENTS_IN_STEP)
        if size > SMALL:
            if size > MAX_ELEMENTS:
                raise EvaluationError(f"a value of {size} elements is too large, the limit is {MAX_ELEMENTS}")
            thread.use_memory(size if size > _LARGE else size // _ELEMENTS_AT_ONE)


def more_elements(present: int, added: int) -> None:
    """Pay for growing a value in place."""
    if added >= _ELEMENTS_IN_STEP:
        current_thread().use_steps(added // _ELEMENTS_IN_STEP)
    if present + added > SMALL:
        if present + added > MAX_ELEMENTS:
            raise EvaluationError(f"a value of {present + added} elements is too large, the limit is {MAX_ELEMENTS}")
        current_thread().use_memory(added)
