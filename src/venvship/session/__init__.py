"""The only place where implementations are chosen and wired together.

`options` says what a command asks for. A workspace is wired phase by phase, each class on top of the one before:
`workspace_loading`, `workspace_analysis`, `workspace_execution`, then `workspace_session` with what commands have in
common. `commands` is what the command line can ask of it, and `outcomes` is what it gets back.
"""
