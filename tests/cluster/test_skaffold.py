"""Skaffold itself on the cluster of `k8s/up`: it renders, installs what it has built, calls it, and takes it away."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml
from cluster.kube import ROOT, Kube, Result, run
from cluster.lanes import images_kept
from cluster.release import all_removed, remove_namespace

TAG = "images/build --print-tag --python localhost/python-base:bookworm"


def skaffold(*words: str) -> Result:
    """Run Skaffold to its end."""
    return run(ROOT / "k8s" / "local" / "skaffold", *words, timeout=600)


@pytest.fixture(name="kube", scope="module")
def _kube(alex: Kube) -> Iterator[Kube]:
    """Return the namespace of the profile, and remove it in the end."""
    kube = alex.within("alex-skaffold")
    with images_kept():
        yield kube
    remove_namespace(kube)
    all_removed()  # the next one has the same name


@pytest.fixture(name="tag", scope="module")
def _tag() -> str:
    """Return the tag that this checkout gives to its images."""
    return run("bash", "-c", f"cd {ROOT} && {TAG}").output.strip()


def test_render_names_the_images_of_this_checkout(kube: Kube, tag: str) -> None:
    """`skaffold render` prints the chart's objects, their images with the registry and the one tag of the four."""
    rendered = skaffold("render", "--digest-source=tag")

    assert rendered.code == 0, rendered.output
    kinds = [thing["kind"] for thing in yaml.safe_load_all(rendered.output) if thing]
    images = set(re.findall(r"image: \S+/alex-(\w+):(\S+)", rendered.output))
    assert kinds.count("Deployment") == 4
    assert images == {(name, tag) for name in ("agent", "web", "offline", "caller")}


def test_run_ends_with_an_answer(kube: Kube, tag: str) -> None:
    """`skaffold run` builds, pushes and installs, and succeeds once a caller has heard Alex say its name."""
    done = skaffold("run")

    assert done.code == 0, done.output[-4000:]
    assert "PASS: 1 of 1 calls" in done.output
    running = {pod["spec"]["containers"][0]["image"].partition("/")[2] for pod in kube.pods("agent")}
    assert running == {f"alex-agent:{tag}"}


def test_verify_calls_what_is_installed(kube: Kube, tmp_path: Path) -> None:
    """`skaffold verify` runs the caller that was built as a Job, which hears Alex say its name and is gone then."""
    built = tmp_path / "built.json"
    assert skaffold("build", f"--file-output={built}").code == 0
    verified = skaffold("verify", f"--build-artifacts={built}", f"--namespace={kube.namespace}")

    assert verified.code == 0, verified.output
    assert "PASS: 1 of 1 calls" in verified.output
    assert kube.items("jobs") == []


def test_delete_takes_it_away(kube: Kube) -> None:
    """`skaffold delete` uninstalls the release and leaves no object of it behind."""
    done = skaffold("delete")

    assert done.code == 0, done.output
    assert kube.try_helm("status", "alex").code != 0
    left = kube.everything() - {"serviceaccount/default", "configmap/kube-root-ca.crt", "pod/alex-caller"}
    assert {name for name in left if not name.startswith("pod/")} == set()
