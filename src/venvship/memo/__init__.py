"""Memoised keyed computation with recorded dependencies.

A `Memo` computes the value of each key once. While it does, it notes which other keys were asked for, down to
observations of the outside: the content of a file, the entries of a directory, an environment variable. The record
of a key (the fingerprint of its value and what it depended on) is all that a later process needs to decide whether
the value still holds: if no observation changed, nothing did; if one changed but the value computed from it has the
fingerprint it had before, whatever lies above is still true.
"""
