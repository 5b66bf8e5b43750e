"""What lies where in a package."""

REMOVE_BASE_DIRECTORY = "\0"

pkg_files = _venvship.pkg_files
pkg_mkdirs = _venvship.pkg_mkdirs
pkg_filegroup = _venvship.pkg_filegroup

def pkg_mklink(name, link_name, target, **kwargs):
    """A link whose text is `target`.

    Args:
      name: the target's name.
      link_name: where the link lies.
      target: its text.
      **kwargs: `attributes`, and attributes that every rule has.
    """
    _venvship.pkg_mklink(name = name, link_name = link_name, target = target, **kwargs)

def pkg_attributes(mode = None, user = None, group = None, uid = None, gid = None, **kwargs):
    """Permissions and owner of files, as a text for the attribute `attributes`.

    Args:
      mode: octal digits.
      user: a name, which programs that unpack may prefer to the number.
      group: as `user`.
      uid: a number.
      gid: a number.
      **kwargs: others, which are refused where they are used.

    Returns:
      a text.
    """
    values = {"mode": mode, "user": user, "group": group, "uid": uid, "gid": gid}
    values.update(kwargs)
    return json.encode({key: value for key, value in values.items() if value != None})

def _files_only():
    return "."

def _from_pkg(path = ""):
    return path

def _from_root(path = ""):
    return "/" + path if not path.startswith("/") else path

strip_prefix = struct(
    files_only = _files_only,
    from_pkg = _from_pkg,
    from_root = _from_root,
)
