"""Specifications of archives."""

def mtree_spec(name, srcs = [], out = None, **kwargs):
    """The specification of an archive of `srcs`.

    Args:
      name: the target's name.
      srcs: files and programs.
      out: the file's name.
      **kwargs: `include_runfiles`, and attributes that every rule has.
    """
    _venvship.mtree_spec(name = name, srcs = srcs, out = out or "", **kwargs)

def mtree_mutate(
        name,
        mtree,
        srcs = None,
        strip_prefix = None,
        package_dir = None,
        mtime = None,
        owner = None,
        ownername = None,
        group = None,
        groupname = None,
        preserve_symlinks = True,
        awk_script = None,
        **kwargs):
    """Another specification with places, owners and times changed; links are always kept.

    Args:
      name: the target's name.
      mtree: a specification.
      srcs: what it names; not needed.
      strip_prefix: rows below this directory are kept, and moved out of it.
      package_dir: the directory that everything is moved to.
      mtime: the time of all rows, in seconds.
      owner: the number of the owner.
      ownername: the name of the owner, which programs that unpack may prefer to the number.
      group: the number of the group.
      groupname: the name of the group.
      preserve_symlinks: links are kept in any case.
      awk_script: refused: nothing here runs awk.
      **kwargs: attributes that every rule has.
    """
    if awk_script != None:
        fail("`%s`: `awk_script` is not supported" % name)
    _venvship.mtree_mutate(
        name = name,
        mtree = mtree,
        srcs = srcs or [],
        strip_prefix = strip_prefix or "",
        package_dir = package_dir or "",
        mtime = "" if mtime == None else str(mtime),
        owner = "" if owner == None else str(owner),
        group = "" if group == None else str(group),
        ownername = ownername or "",
        groupname = groupname or "",
        **kwargs
    )

def mutate(**changes):
    """What `tar(mutate = …)` takes.

    Args:
      **changes: arguments of `mtree_mutate`.

    Returns:
      a function that makes the specification.
    """

    def change(name, mtree, **kwargs):
        arguments = dict(changes)
        arguments.update(kwargs)
        mtree_mutate(name = name, mtree = mtree, **arguments)

    return change
