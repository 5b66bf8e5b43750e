"""What Gazelle's plugin for Python needs when it is run, which it isn't here."""

GAZELLE_PYTHON_RUNTIME_DEPS = []
