"""What `.bzl` files can say beyond the language and loading: their own rules, beside the built-in ones."""

from __future__ import annotations

from collections.abc import Callable

from venvship.analysis.starlark_api.names import bzl_names as names_of_analysis
from venvship.analysis.starlark_api.rule_function import Environment
from venvship.loading.bzl_loader import PrintHandler
from venvship.loading.evaluation import Evaluator
from venvship.rules.core.programs import arguments_info, test_info
from venvship.rules.provider_symbols import provider_symbols
from venvship.starlark.host_types import Value


def bzl_names(*, print_handler: PrintHandler | None, source_line: Callable[[str, int], str | None]) -> dict[str, Value]:
    """The names; `print_handler` and `source_line` serve functions that run after their file was loaded."""
    environment = Environment(
        Evaluator(print_handler=print_handler, source_line=source_line),
        program_providers=lambda rule: [arguments_info(rule)],
        test_providers=lambda rule: [test_info(rule)],
    )
    return names_of_analysis(environment, provider_symbols())
