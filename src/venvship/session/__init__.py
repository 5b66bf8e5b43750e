"""The only place where implementations are chosen and wired together.

`options` says what a command asks for, `workspace_session` wires a workspace with them, `commands` is what the
command line can ask of it, and `outcomes` is what it gets back.
"""
