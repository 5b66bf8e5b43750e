"""The only place where implementations are chosen and wired together.

`options` says what a command asks for, `workspace_session` opens a workspace with them, `commands` are what the
command line can ask of it.
"""
