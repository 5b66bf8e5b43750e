"""What rules written in `.bzl` files see of analysis.

A thin front of Starlark values on the same `RuleContext` that built-in rules get: `ctx` reads attributes and
dependencies from it and declares outputs and actions with it, so that a rule means the same in either language. The
model's own objects are the values of programs: a `File` is an `Artifact`, a `Target` a `ConfiguredTarget`, runfiles
are `Runfiles`, a provider of a built-in rule is the object that the rule returned.

Nothing is listed here that need not be: depsets in arguments stay joined (`arguments`), and become strings when an
action's key is computed (`command_lines`).
"""
