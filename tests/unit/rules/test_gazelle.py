from __future__ import annotations

from venvship.rules.python.gazelle import manifest_text


def test_modules_are_listed_by_name_with_the_package_of_the_hub() -> None:
    text = manifest_text({"yaml": "pyyaml", "google.cloud": "google-cloud.core"}, hub="pypi", update="//:m.update")
    assert text.endswith(
        "manifest:\n"
        "  modules_mapping:\n"
        "    google.cloud: google_cloud_core\n"
        "    yaml: pyyaml\n"
        "  pip_repository:\n"
        "    name: pypi\n"
    )
    assert "#   venvship run //:m.update\n" in text


def test_names_that_would_be_something_else_in_yaml_are_quoted() -> None:
    text = manifest_text({"on": "on", "_private": "x", "No": "n", "a1": "a1"}, hub="true", update="//:m")
    assert text.partition("manifest:\n")[2] == (
        "  modules_mapping:\n"
        '    "No": "n"\n'
        '    "_private": x\n'
        "    a1: a1\n"
        '    "on": "on"\n'
        "  pip_repository:\n"
        '    name: "true"\n'
    )


def test_no_modules_are_an_empty_table() -> None:
    assert "  modules_mapping: {}\n" in manifest_text({}, hub="pypi", update="//:m")
