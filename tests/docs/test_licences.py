"""What Alex leans on may be passed on with it: each dependency has a licence that somebody has looked at."""

from __future__ import annotations

import functools
import importlib.util
import re
import sysconfig
from collections.abc import Iterator
from importlib.metadata import distribution
from pathlib import Path
from types import ModuleType

import pytest
from packaging.licenses import canonicalize_license_expression
from stack import PROGRAMS, ROOT

# May be used in and passed on with a work under Apache-2.0, as long as their texts are passed on, too.
COMPATIBLE = frozenset(
    [
        "0BSD",
        "Apache-2.0",
        "BSD-2-Clause",
        "BSD-3-Clause",
        "BSD-3-Clause-Clear",
        "CC0-1.0",
        "FTL",
        "IJG",
        "ISC",
        "libpng-2.0",
        "libtiff",
        "MIT",
        "MIT-0",
        "MIT-CMU",
        "MIT-Modern-Variant",
        "MPL-2.0",
        "OFL-1.1",
        "PSF-2.0",
        "Python-2.0",
        "Zlib",
    ]
)
# Not all of these are, and each has its reason. images/README.md tells whoever passes an image on.
WITH_A_REASON = {
    "LicenseRef-LiveKit-Model": "weights that may be used with LiveKit Agents, as the agent does",
    "LGPL-2.0-or-later": "a shared library of its own, as its maker built it, that anybody can replace",
    "LGPL-2.1-or-later": "the same",
    "LGPL-3.0-or-later": "the same",
    "GPL-2.0-or-later": "encoders that FFmpeg loads and Alex never calls; no code of Alex is a part of them",
    "GPL-3.0-or-later WITH GCC-exception-3.1": "the compiler's own library, which its exception sets free",
}
# Copyleft parts by the package that brings them: whoever passes an image on has to know of each.
BROUGHT = {
    "av": {"LGPL-2.0-or-later", "LGPL-2.1-or-later", "LGPL-3.0-or-later", "GPL-2.0-or-later"},
    "numpy": {"GPL-3.0-or-later WITH GCC-exception-3.1", "LGPL-2.1-or-later"},
}

SITE = Path(sysconfig.get_path("purelib"))


def inventory() -> ModuleType:
    """Load the program that makes the images' bills of materials; it is a script and in no package."""
    found = importlib.util.spec_from_file_location("inventory", ROOT / "images/inventory.py")
    assert found
    assert found.loader
    module = importlib.util.module_from_spec(found)
    found.loader.exec_module(module)
    return module


INVENTORY = inventory()


@functools.cache
def locked() -> dict[str, set[str]]:
    """Give the packages of all images, each with the programs that need it."""
    found: dict[str, set[str]] = {}
    for program, home in PROGRAMS.items():
        for pin in INVENTORY.locked((ROOT / home).glob("*.txt")):
            found.setdefault(pin.split("==")[0], set()).add(program)
    return found


def weigh(expression: str) -> tuple[set[str], set[str]]:
    """Give the parts of an expression that need a reason, and those for which there is none; of a choice the best."""
    reasons: set[str] = set()
    unknown: set[str] = set()
    for part in canonicalize_license_expression(expression).replace("(", "").replace(")", "").split(" AND "):
        choice = part.split(" OR ")
        if not COMPATIBLE.intersection(choice):
            known = sorted(WITH_A_REASON.keys() & choice)
            (reasons if known else unknown).add(known[0] if known else part)
    return reasons, unknown


def wheels() -> Iterator[tuple[str, Path]]:
    """Walk the shared libraries that packages of the images bring along: the package and the file."""
    for file in sorted(SITE.glob("*.libs/*.so*")):
        package = INVENTORY.canonical(file.parent.name.removesuffix(".libs"))
        if package in locked():
            yield package, file


@pytest.mark.parametrize("package", sorted(locked()))
def test_licence_of_every_dependency_is_known(package: str) -> None:
    """A package in an image is under a licence that goes together with Apache-2.0, or has its reason here."""
    reasons, unknown = weigh(INVENTORY.licence(distribution(package)))

    assert unknown == set()
    assert reasons <= {"LicenseRef-LiveKit-Model"}
    assert not reasons or locked()[package] == {"agent"}


def test_licences_of_what_packages_bring_along_are_known() -> None:
    """Shared libraries inside wheels, models and the page's parts have licences that somebody has looked at."""
    brought: dict[str, set[str]] = {}
    for package, file in wheels():
        reasons, unknown = weigh(INVENTORY.LIBRARIES[INVENTORY.family(INVENTORY.stem(file))])
        assert unknown == set(), file.name
        brought.setdefault(package, set()).update(reasons)
    others = [terms for models in INVENTORY.MODELS.values() for _, terms in models]
    others += [terms for _, _, terms in INVENTORY.PAGE.values()]

    assert [terms for terms in others if weigh(terms)[1]] == []
    assert {package: reasons for package, reasons in brought.items() if reasons} == BROUGHT


def test_page_tells_what_it_brings() -> None:
    """Each file of somebody else that the page sends to browsers has its licence beside it and its line in the bill."""
    static = ROOT / "web/alex_web/static"
    files = [path.name for folder in ("vendor", "fonts") for path in (static / folder).iterdir()]
    theirs = {re.sub(r"\.(umd\.js|woff2)$", "", name) for name in files if not name.endswith(".LICENSE")}

    assert {f"{part['name']}-{part['version']}" for part in INVENTORY.page(static)} == theirs


def test_tables_hold_nothing_stale() -> None:
    """Every line of the tables is about what is there: what has gone, or now speaks for itself, is taken out."""
    used = {INVENTORY.family(INVENTORY.stem(file)) for _, file in wheels()}
    speak = {name for name in INVENTORY.READ if distribution(name).metadata.get_all("License-Expression")}

    assert set(INVENTORY.LIBRARIES) == used
    assert set(INVENTORY.READ) <= set(locked())
    assert speak == set()
    assert set(INVENTORY.MODELS) <= set(locked())


def test_whoever_passes_an_image_on_is_told() -> None:
    """The copyleft libraries in the images are named where the images are described, with who brings them."""
    text = (ROOT / "images/README.md").read_text()
    section = re.split(r"^## ", text.split("## What they carry\n")[1], maxsplit=1, flags=re.MULTILINE)[0]
    copyleft = [name for name, one in INVENTORY.LIBRARIES.items() if one == "GPL-2.0-or-later"]

    assert "`av`" in section
    assert copyleft
    assert [name for name in [*copyleft, "FFmpeg"] if name not in section] == []
