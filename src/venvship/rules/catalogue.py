"""All built-in rules by name."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from venvship.loading.rule_class import RuleClass
from venvship.rules.core.conditions import CONFIG_SETTING, CONSTRAINT_SETTING, CONSTRAINT_VALUE, PLATFORM
from venvship.rules.core.files import ALIAS, FILEGROUP, TEST_SUITE
from venvship.rules.core.foreign import FOREIGN, FOREIGN_TEST
from venvship.rules.core.genquery import NoQueries, Queries, genquery_rule
from venvship.rules.core.genrule import GENRULE
from venvship.rules.core.settings import LABEL_FLAG, LABEL_SETTING
from venvship.rules.core.shell import SH_BINARY, SH_LIBRARY, SH_TEST
from venvship.rules.core.toolchains import TOOLCHAIN, TOOLCHAIN_TYPE
from venvship.rules.oci.rules import OCI_RULES
from venvship.rules.python.catalogue import python_rules
from venvship.rules.python.members import Members, NoMembers


def native_rules(queries: Queries | None = None) -> Mapping[str, RuleClass]:
    """The rules that BUILD files see without loading them."""
    genquery = genquery_rule(queries or NoQueries())
    conditions = (CONFIG_SETTING, CONSTRAINT_SETTING, CONSTRAINT_VALUE, PLATFORM, LABEL_FLAG, LABEL_SETTING)
    scripts = (SH_BINARY, SH_LIBRARY, SH_TEST)
    return _by_name(ALIAS, FILEGROUP, TEST_SUITE, GENRULE, genquery, *conditions, *scripts, TOOLCHAIN, TOOLCHAIN_TYPE)


def loaded_rules(
    members: Members | None = None,
    uv_program: Callable[[], str] = lambda: "uv",
    repositories: Callable[[], Mapping[str, str]] = dict,
) -> Mapping[str, RuleClass]:
    """The rules that the `.bzl` files of built-in modules offer to others.

    `uv_program` tells where uv is, `repositories` the names that the main repository has for others.
    """
    python = python_rules(members or NoMembers(), uv_program, repositories)
    return _by_name(*python, *OCI_RULES, FOREIGN, FOREIGN_TEST)


def _by_name(*rules: RuleClass) -> dict[str, RuleClass]:
    return {rule.name: rule for rule in rules}
