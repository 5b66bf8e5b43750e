"""The provider of C++ targets, which nothing has."""

CcInfo = _venvship.CcInfo
