"""Shows build events: on a terminal, in a plain log.

A display is an event sink with a life. `choice` decides which one suits the stream, `plain` writes lines that stay
lines in any log, `terminal` draws what is going on below them and is the only module that imports `rich`.
"""
