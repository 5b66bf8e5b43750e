"""The rules as BUILD files call them: several settings are a value or a file that holds it."""

# Settings that are a list or a dict in place, or a label of a file with one item a line.
_LISTS = ["entrypoint", "cmd", "exposed_ports", "volumes"]
_DICTS = ["env", "labels", "annotations"]

def _is_file(value):
    return _venvship.kind_of(value) == "string"

def _split(kwargs, names):
    """Move settings that name a file to the attributes for files."""
    for name in names:
        value = kwargs.get(name)
        if value == None:
            kwargs.pop(name, None)
        elif _is_file(value):
            kwargs[name + "_file"] = kwargs.pop(name)

def oci_image(name, created = None, **kwargs):
    """An image.

    Args:
      name: the target's name.
      created: a file that holds the time, or a time such as `2024-01-01T00:00:00Z`.
      **kwargs: `base`, `tars`, and how the container starts.
    """
    _split(kwargs, _LISTS + _DICTS)
    if created != None:
        # A time is no label: it begins with the year.
        if type(created) == "string" and created[:4].isdigit():
            kwargs["created"] = created
        else:
            kwargs["created_file"] = created
    _venvship.oci_image(name = name, **kwargs)

def oci_image_index(name, images, platforms = [], annotations = None, **kwargs):
    """An image for several platforms.

    Args:
      name: the target's name.
      images: images for one platform each or, with `platforms`, one image that is built for each of them.
      platforms: platforms to build the one image for.
      annotations: annotations of the index.
      **kwargs: attributes that every rule has.
    """
    if platforms:
        if len(images) != 1:
            fail("`%s`: with `platforms`, give exactly one image" % name)
        made = []
        for platform in platforms:
            one = "%s_%s" % (name, str(platform).split(":")[-1].split("/")[-1])
            _venvship.image_for_platform(
                name = one,
                image = images[0],
                platform = str(platform),
                tags = (kwargs.get("tags") or []) + ["manual"],
                visibility = ["//visibility:private"],
                testonly = kwargs.get("testonly"),
            )
            made.append(":" + one)
        images = made
    _venvship.oci_image_index(name = name, images = images, annotations = annotations or {}, **kwargs)

def oci_load(name, image, repo_tags = [], **kwargs):
    """A command that loads an image into Docker or Podman; the archive is its output group `tarball`.

    Args:
      name: the target's name.
      image: an image or an index.
      repo_tags: names for the image, or a file with one name a line.
      **kwargs: `format`, `loader`, and attributes that every rule has.
    """
    if _is_file(repo_tags):
        kwargs["repo_tags_file"] = repo_tags
        repo_tags = []
    _venvship.oci_load(name = name, image = image, repo_tags = repo_tags, **kwargs)

def oci_push(name, image, remote_tags = None, **kwargs):
    """A command that pushes an image or an index to a registry.

    Args:
      name: the target's name.
      image: an image or an index.
      remote_tags: tags, or a file with one tag a line.
      **kwargs: `repository` or `repository_file`, and attributes that every rule has.
    """
    if remote_tags != None and _is_file(remote_tags):
        kwargs["remote_tags_file"] = remote_tags
        remote_tags = None
    _venvship.oci_push(name = name, image = image, remote_tags = remote_tags or [], **kwargs)
