"""The built-in rules: typed functions on `RuleContext`.

`core` has the rules of every Bazel workspace, `python` programs and what they are made of, `oci` images. A rule is a
`RuleClass` (its attributes, data) and a function from a context to providers; `catalogue` lists them all. What a
rule needs from outside (the wheels of a lock file, an interpreter) is a Protocol here that `session` implements.
"""
