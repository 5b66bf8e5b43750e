"""Set-up of workspaces of old, which needs nothing here."""

def rules_shell_dependencies():
    """Does nothing."""

def rules_shell_toolchains():
    """Does nothing."""
