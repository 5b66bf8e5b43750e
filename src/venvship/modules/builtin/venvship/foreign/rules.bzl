"""Rules that are not there: files may use them, and a build that needs one of their targets fails."""

def foreign_target(
        name,
        kind,
        reason,
        advice = "",
        tags = [],
        visibility = None,
        testonly = None,
        deprecation = None,
        **kwargs):
    """Declare a target of the rule `kind`, whatever its attributes.

    It is tagged `manual`, so that wildcards pass it over.
    """
    declare = _venvship.foreign_test if kind.endswith("_test") else _venvship.foreign
    plain = tags if type(tags) == "list" else []
    declare(
        name = name,
        kind = kind,
        reason = reason,
        advice = advice,
        tags = plain + ([] if "manual" in plain else ["manual"]),
        visibility = visibility,
        testonly = testonly,
        deprecation = deprecation,
    )

def foreign_rule(kind, reason = "it is for a language that is not built here"):
    """A function that declares targets of the rule `kind`, which can't be built for a reason."""

    def declare_foreign(name, **kwargs):
        foreign_target(**(kwargs | {"name": name, "kind": kind, "reason": reason}))

    return declare_foreign

def python_for_cc():
    """The targets that C++ code names to be compiled and linked for Python; it is what uses them that is not built."""
    for name in ["current_py_cc_headers", "current_py_cc_headers_abi3", "current_py_cc_libs"]:
        foreign_target(
            name = name,
            kind = name,
            reason = "it is for C++, which is not built here",
            advice = "let the lock have wheels of extension modules",
        )
