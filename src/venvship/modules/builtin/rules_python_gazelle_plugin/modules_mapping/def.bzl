"""Which modules of wheels are listed."""

def modules_mapping(
        name,
        wheels = [],
        exclude_patterns = [],
        include_stub_packages = False,
        tags = [],
        visibility = None,
        testonly = None,
        **_kwargs):
    """The wheels whose modules are listed; wildcards pass over it.

    Args:
      name: name of the target.
      wheels: the wheels.
      exclude_patterns: regular expressions; a module in whose name one is found is left out. Private ones always are.
      include_stub_packages: whether distributions of stubs are listed by their own names.
      tags: tags of the target.
      visibility: who may use it.
      testonly: whether only tests may use it.
      **_kwargs: what the file of the plugin's own program is called, which has no effect.
    """
    _venvship.modules_mapping(
        name = name,
        wheels = wheels,
        exclude_patterns = exclude_patterns,
        include_stub_packages = include_stub_packages,
        tags = tags + ([] if "manual" in tags else ["manual"]),
        testonly = testonly,
        visibility = visibility,
    )
