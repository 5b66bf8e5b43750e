"""The Starlark language, knowing nothing of builds."""
