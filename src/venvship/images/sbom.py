"""Bills of materials: what an image is made of, for scanners, in the two formats that they read.

The same program always gives the same bytes: there is no time in them, and identifiers follow from the content.
"""

from __future__ import annotations

import hashlib
import json
import uuid
from collections.abc import Iterable, Sequence

from venvship.dataclass import dataclass

CYCLONEDX_TYPE = "application/vnd.cyclonedx+json"
SPDX_TYPE = "application/spdx+json"
_EPOCH = "1970-01-01T00:00:00Z"
_NAMESPACE = uuid.UUID("6ba7b811-9dad-11d1-80b4-00c04fd430c8")


@dataclass(frozen=True, slots=True, order=True)
class SbomComponent:
    """Something that was taken from elsewhere; `kind` is what its package URL begins with: `pypi`, `deb/debian`."""

    kind: str
    name: str
    version: str
    sha256: str = ""
    qualifiers: tuple[tuple[str, str], ...] = ()

    @property
    def purl(self) -> str:
        """Its package URL.

        >>> SbomComponent("pypi", "ruamel.yaml", "0.18+x").purl
        'pkg:pypi/ruamel.yaml@0.18%2Bx'
        """
        qualifiers = "&".join(f"{key}={_quoted(value)}" for key, value in self.qualifiers)
        plain = f"pkg:{self.kind}/{_quoted(self.name)}@{_quoted(self.version)}"
        return f"{plain}?{qualifiers}" if qualifiers else plain


def cyclonedx(name: str, components: Iterable[SbomComponent]) -> bytes:
    """A CycloneDX 1.5 document about the program `name`."""
    found = sorted(set(components))
    rows = []
    for one in found:
        row: dict[str, object] = {"type": "library", "bom-ref": one.purl, "name": one.name, "version": one.version}
        row["purl"] = one.purl
        if one.sha256:
            row["hashes"] = [{"alg": "SHA-256", "content": one.sha256}]
        rows.append(row)
    return _encoded(
        {
            "bomFormat": "CycloneDX",
            "specVersion": "1.5",
            "serialNumber": f"urn:uuid:{uuid.uuid5(_NAMESPACE, _identity(name, found))}",
            "version": 1,
            "metadata": {"component": {"type": "application", "bom-ref": name, "name": name}},
            "components": rows,
            "dependencies": [{"ref": name, "dependsOn": [one.purl for one in found]}],
        }
    )


def spdx(name: str, components: Iterable[SbomComponent]) -> bytes:
    """An SPDX 2.3 document about the program `name`."""
    found = sorted(set(components))
    root = "SPDXRef-program"
    packages: list[dict[str, object]] = [
        {"SPDXID": root, "name": name, "downloadLocation": "NOASSERTION", "filesAnalyzed": False}
    ]
    relations = [{"spdxElementId": "SPDXRef-DOCUMENT", "relationshipType": "DESCRIBES", "relatedSpdxElement": root}]
    for number, one in enumerate(found):
        identifier = f"SPDXRef-{number}-{''.join(c if c.isalnum() or c in '.-' else '-' for c in one.name)}"
        row: dict[str, object] = {
            "SPDXID": identifier,
            "name": one.name,
            "versionInfo": one.version,
            "downloadLocation": "NOASSERTION",
            "filesAnalyzed": False,
            "externalRefs": [
                {"referenceCategory": "PACKAGE-MANAGER", "referenceType": "purl", "referenceLocator": one.purl}
            ],
        }
        if one.sha256:
            row["checksums"] = [{"algorithm": "SHA256", "checksumValue": one.sha256}]
        packages.append(row)
        relations.append({"spdxElementId": root, "relationshipType": "DEPENDS_ON", "relatedSpdxElement": identifier})
    return _encoded(
        {
            "spdxVersion": "SPDX-2.3",
            "dataLicense": "CC0-1.0",
            "SPDXID": "SPDXRef-DOCUMENT",
            "name": name,
            "documentNamespace": f"urn:uuid:{uuid.uuid5(_NAMESPACE, 'spdx ' + _identity(name, found))}",
            "creationInfo": {"created": _EPOCH, "creators": ["Tool: venvship"]},
            "packages": packages,
            "relationships": relations,
        }
    )


def materials(components: Iterable[SbomComponent]) -> list[dict[str, object]]:
    """The components as the resolved dependencies of a SLSA provenance."""
    return [
        {"uri": one.purl, **({"digest": {"sha256": one.sha256}} if one.sha256 else {})}
        for one in sorted(set(components))
    ]


def _identity(name: str, components: Sequence[SbomComponent]) -> str:
    text = "\n".join([name, *(f"{one.purl} {one.sha256}" for one in components)])
    return hashlib.sha256(text.encode()).hexdigest()


def _quoted(text: str) -> str:
    plain = "-._~/"
    return "".join(
        chr(byte) if chr(byte).isascii() and (chr(byte).isalnum() or chr(byte) in plain) else f"%{byte:02X}"
        for byte in text.encode()
    )


def _encoded(document: object) -> bytes:
    return json.dumps(document, indent=1, ensure_ascii=False).encode() + b"\n"
