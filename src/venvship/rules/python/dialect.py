"""What two rule sets understand differently by the same attributes.

Which one is meant follows from the file that a BUILD file loads its rules from; the macros there pass it on. All that
is below a dialect (planning, launchers, checks) is the same.
"""

from __future__ import annotations

from typing import Final

from venvship.analysis.rule_context import RuleContext
from venvship.dataclass import dataclass
from venvship.loading.attributes import AttributeSpec
from venvship.rules import attributes
from venvship.venvs.collisions import Precedence


@dataclass(frozen=True, slots=True)
class Dialect:
    """One rule set.

    `precedence` says which of several wheels gets a name. `main_may_be_alone` lets the only source of a program be its
    main whatever it is called, and `main_outside_sources` one that is no source. `skips_absolute_imports` leaves out
    import roots that start with a slash, which are an error otherwise. `data_brings_outputs` puts the default outputs
    of every target in `data` beside the program, and not only what these targets call their data runfiles. With
    `sources_bring_runfiles` targets in `srcs` bring what they need at run time, as those in `deps` do.
    `safe_path` keeps the directory of the main off the search path of programs that are not isolated. With
    `outputs_sources` the sources of a program are among its default outputs. `writes_bytecode` lets programs keep the
    bytecode of first-party sources beside them, in their runfiles.
    """

    name: str
    precedence: Precedence
    main_may_be_alone: bool
    main_outside_sources: bool
    skips_absolute_imports: bool
    data_brings_outputs: bool
    sources_bring_runfiles: bool
    safe_path: bool
    outputs_sources: bool
    writes_bytecode: bool


ASPECT: Final = Dialect(
    "aspect",
    Precedence.LAST_WINS,
    main_may_be_alone=True,
    main_outside_sources=True,
    skips_absolute_imports=False,
    data_brings_outputs=True,
    sources_bring_runfiles=False,
    safe_path=False,
    outputs_sources=False,
    writes_bytecode=False,
)
RULES_PYTHON: Final = Dialect(
    "rules_python",
    Precedence.FIRST_WINS,
    main_may_be_alone=False,
    main_outside_sources=False,
    skips_absolute_imports=True,
    data_brings_outputs=False,
    sources_bring_runfiles=True,
    safe_path=True,
    outputs_sources=True,
    writes_bytecode=True,
)
_BY_NAME: Final = {dialect.name: dialect for dialect in (ASPECT, RULES_PYTHON)}

DIALECT_ATTRIBUTE: Final[AttributeSpec] = attributes.string("dialect", ASPECT.name, values=tuple(_BY_NAME))


def dialect_of(ctx: RuleContext) -> Dialect:
    return _BY_NAME[ctx.string(DIALECT_ATTRIBUTE.name)]
