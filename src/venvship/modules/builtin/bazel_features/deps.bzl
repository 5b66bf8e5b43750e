"""Set-up of workspaces of old, which needs nothing here."""

def bazel_features_deps():
    """Does nothing."""
