"""What `.bzl` files can say beyond the language and loading: their own rules, beside the built-in ones."""

from __future__ import annotations

from collections.abc import Callable

from venvship.analysis.starlark_api.names import bzl_names as names_of_analysis
from venvship.analysis.starlark_api.rule_function import Environment
from venvship.interpreters.archives import CUSTOMARY_BASE, known_archives
from venvship.loading.bzl_loader import PrintHandler
from venvship.loading.evaluation import Evaluator
from venvship.loading.select_values import kind_of
from venvship.rules.core.programs import arguments_info, test_info
from venvship.rules.provider_symbols import provider_symbols
from venvship.rules.python.foreign import wheels_of_aspect, with_wheels
from venvship.starlark.builtin import Builtin
from venvship.starlark.host_types import Value
from venvship.starlark.values import FrozenList


def own_names() -> dict[str, Value]:
    """What only `.bzl` files of built-in modules may say."""
    return {
        "kind_of": Builtin("kind_of", kind_of),
        "python_archives": Builtin("python_archives", _python_archives),
        "python_archives_base": CUSTOMARY_BASE,
    }


def _python_archives() -> FrozenList:
    """A row for each archive of a relocatable CPython that is known: version, platform, path and SHA-256."""
    return FrozenList(
        (one.full_version, f"{one.triple}-freethreaded" if one.freethreaded else one.triple, one.path, one.sha256)
        for one in sorted(known_archives())
    )


def bzl_names(*, print_handler: PrintHandler | None, source_line: Callable[[str, int], str | None]) -> dict[str, Value]:
    """The names; `print_handler` and `source_line` serve functions that run after their file was loaded."""
    environment = Environment(
        Evaluator(print_handler=print_handler, source_line=source_line),
        program_providers=lambda rule: [arguments_info(rule)],
        test_providers=lambda rule: [test_info(rule)],
        following_providers=with_wheels,
        providers_of_aspects=wheels_of_aspect,
    )
    return names_of_analysis(environment, provider_symbols())
