"""argv → a command → exit code; one file per command.

`main` answers what needs no workspace with nothing imported but the interpreter's own modules. Everything else goes
through `dispatch`: `command_line` turns words and rc files into values according to `flag_table`, the command opens a
session and a display, prints data to stdout and all else to stderr, and its errors become an exit code in one place
(`report`).
"""
