"""Rules of languages that are not built here: files may use them, and a build that needs one of them fails."""

def _refuse(ctx):
    fail("`{}` is a rule for a language that is not built here".format(ctx.attr.kind))

_ATTRIBUTES = {"kind": attr.string(mandatory = True)}

_foreign = rule(implementation = _refuse, attrs = _ATTRIBUTES)
_foreign_test = rule(implementation = _refuse, attrs = _ATTRIBUTES, test = True)

def foreign_rule(kind):
    """A function that declares targets of the rule `kind`, whatever their attributes.

    They are tagged `manual`, so that wildcards pass them over.
    """
    declare = _foreign_test if kind.endswith("_test") else _foreign

    def declare_foreign(name, tags = [], visibility = None, testonly = None, deprecation = None, **kwargs):
        plain = tags if type(tags) == "list" else []
        declare(
            name = name,
            kind = kind,
            tags = plain + ([] if "manual" in plain else ["manual"]),
            visibility = visibility,
            testonly = testonly,
            deprecation = deprecation,
        )

    return declare_foreign
