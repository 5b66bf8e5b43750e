"""The provider of Java targets, which nothing has."""

JavaInfo = _venvship.JavaInfo
