"""Every rule about images and archives."""

from __future__ import annotations

from typing import Final

from venvship.rules.archive.packages import PKG_TAR, PKG_ZIP
from venvship.rules.archive.pkg import PKG_FILEGROUP, PKG_FILES, PKG_MKDIRS, PKG_MKLINK
from venvship.rules.archive.tar import MTREE_MUTATE, MTREE_SPEC, TAR
from venvship.rules.oci.base import RUNTIME_BASE
from venvship.rules.oci.debian import DEBIAN_BASE, DEBIAN_PACKAGE, DEBIAN_PACKAGES
from venvship.rules.oci.image import OCI_IMAGE
from venvship.rules.oci.index import IMAGE_FOR_PLATFORM, OCI_IMAGE_INDEX
from venvship.rules.oci.layers import PY_IMAGE_LAYER
from venvship.rules.oci.sbom import OCI_PROVENANCE, PY_SBOM
from venvship.rules.oci.tier import PY_LAYER_TIER
from venvship.rules.oci.transfer import OCI_LOAD, OCI_PULL, OCI_PUSH

OCI_RULES: Final = (
    PY_IMAGE_LAYER,
    PY_LAYER_TIER,
    OCI_IMAGE,
    OCI_IMAGE_INDEX,
    IMAGE_FOR_PLATFORM,
    OCI_LOAD,
    OCI_PUSH,
    OCI_PULL,
    OCI_PROVENANCE,
    PY_SBOM,
    RUNTIME_BASE,
    DEBIAN_BASE,
    DEBIAN_PACKAGE,
    DEBIAN_PACKAGES,
    TAR,
    MTREE_SPEC,
    MTREE_MUTATE,
    PKG_FILES,
    PKG_MKDIRS,
    PKG_MKLINK,
    PKG_FILEGROUP,
    PKG_TAR,
    PKG_ZIP,
)
