"""The linters of others find nothing in any scenario that is not meant, and a weakened object does not get past."""

from __future__ import annotations

import copy
import functools
import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from chart.hardening import CHECKS
from chart.linters import Finding, exemptions, findings, scenarios, unexplained
from chart.render import Objects, render
from chart.scenarios import every

SCENARIO = every()["production"].values
# What is done to a pod (with its container), or to a release.
PodChange = Callable[[dict[str, Any], dict[str, Any]], object]
ReleaseChange = Callable[[Objects], object]


def test_nothing_is_found_that_is_not_meant() -> None:
    """kube-score, kubesec and checkov find nothing in any scenario but what exceptions.yaml gives a reason for."""
    assert unexplained(of_the_scenarios()) == []


def test_every_exception_is_needed_and_has_its_reason() -> None:
    """No exception is left of something that has been mended, and each has a sentence of why."""
    meant = of_the_scenarios()

    for entry in exemptions():
        assert any(entry.explains(finding) for finding in meant), entry
        assert len(entry.reason) > 40, entry
        assert entry.reason.endswith("."), entry


def drop(*path: str) -> Callable[[dict[str, Any]], object]:
    """Take a field away."""

    def change(thing: dict[str, Any]) -> None:
        for key in path[:-1]:
            thing = thing[key]
        del thing[path[-1]]

    return change


def set_(value: Any, *path: str) -> Callable[[dict[str, Any]], object]:
    """Write another value into a field."""

    def change(thing: dict[str, Any]) -> None:
        for key in path[:-1]:
            thing = thing[key]
        thing[path[-1]] = value

    return change


OF_PODS: dict[str, Callable[[dict[str, Any]], object]] = {
    "it may be root": drop("securityContext", "runAsNonRoot"),
    "it is root": set_(0, "securityContext", "runAsUser"),
    "it has no seccomp profile": drop("securityContext", "seccompProfile"),
    "its seccomp profile is none": set_({"type": "Unconfined"}, "securityContext", "seccompProfile"),
    "it is in the network of its node": set_(True, "hostNetwork"),
    "it sees the processes of its node": set_(True, "hostPID"),
    "it shares memory with its node": set_(True, "hostIPC"),
    "it has a token": set_(True, "automountServiceAccountToken"),
    "it does not say that it has no token": drop("automountServiceAccountToken"),
    "it inherits the names of services": drop("enableServiceLinks"),
    "it mounts its node": lambda pod: pod["volumes"].append({"name": "host", "hostPath": {"path": "/"}}),
    "its temporary folder has no end": lambda pod: [
        volume.update(emptyDir={}) for volume in pod["volumes"] if volume["name"] == "tmp"
    ],
}
OF_CONTAINERS: dict[str, Callable[[dict[str, Any]], object]] = {
    "it may write to its root": set_(False, "securityContext", "readOnlyRootFilesystem"),
    "it does not say that it may not": drop("securityContext", "readOnlyRootFilesystem"),
    "it may become more": set_(True, "securityContext", "allowPrivilegeEscalation"),
    "it does not say that it may not become more": drop("securityContext", "allowPrivilegeEscalation"),
    "it is privileged": set_(True, "securityContext", "privileged"),
    "it keeps its capabilities": drop("securityContext", "capabilities"),
    "it gets one more capability": set_(["NET_ADMIN"], "securityContext", "capabilities", "add"),
    "it has no limits": drop("resources", "limits"),
    "it reserves nothing": drop("resources", "requests"),
    "it runs whatever is latest": set_("example.com/alex:latest", "image"),
    "it runs no version at all": set_("example.com/alex", "image"),
    "it takes a port of its node": lambda it: it.setdefault("ports", [{"containerPort": 1}])[0].update(hostPort=1),
    "it can write where keys are": lambda it: [mount.pop("readOnly", None) for mount in it["volumeMounts"]],
    "a key is in its environment": lambda it: it.setdefault("env", []).append(
        {"name": "KEY", "valueFrom": {"secretKeyRef": {"name": "keys", "key": "KEY"}}}
    ),
    "all keys are in its environment": set_([{"secretRef": {"name": "keys"}}], "envFrom"),
}
OF_SERVERS: dict[str, Callable[[dict[str, Any]], object]] = {
    "nobody asks whether it lives": drop("livenessProbe"),
    "nobody asks whether it is ready": drop("readinessProbe"),
    "it is killed when it is busy": set_(1, "livenessProbe", "failureThreshold"),
}
OF_RELEASES: dict[str, ReleaseChange] = {
    "a network policy is missing": lambda them: them.pop(("NetworkPolicy", "alex-web")),
    "a network policy forgets what goes out": lambda them: them["NetworkPolicy", "alex-web"]["spec"].update(
        policyTypes=["Ingress"]
    ),
    "a network policy is about nobody": lambda them: them["NetworkPolicy", "alex-web"]["spec"].update(
        podSelector={"matchLabels": {"app": "other"}}
    ),
    "a disruption budget is missing": lambda them: them.pop(("PodDisruptionBudget", "alex-agent")),
    "a disruption budget lets all go": lambda them: them["PodDisruptionBudget", "alex-agent"]["spec"].update(
        maxUnavailable="100%"
    ),
    "an account brings its token": lambda them: them["ServiceAccount", "alex-web"].update(
        automountServiceAccountToken=True
    ),
    "an account is the namespace's": lambda them: them.pods()["alex-web"].update(serviceAccountName="default"),
}


# Each under a name of its own, so that one look of the linters is enough for all of them.
WEAK = {f"w{number}": weakness for number, weakness in enumerate(OF_PODS | OF_CONTAINERS | OF_SERVERS)}


@functools.cache
def found() -> frozenset[Finding]:
    """Ask the linters of others, which take seconds to start, once: about the scenarios and the weakened releases."""
    releases = {"sound": web_of("sound")}
    for release, weakness in WEAK.items():
        objects = releases[release] = web_of(release)
        pod = objects.pods()[f"{release}-alex-web"]
        change = (OF_PODS | OF_CONTAINERS | OF_SERVERS)[weakness]
        change(pod if weakness in OF_PODS else pod["containers"][0])
    return frozenset(findings(scenarios() | releases))


def of_the_scenarios() -> set[Finding]:
    return {each for each in found() if each.release in every()}


@functools.cache
def component_names() -> tuple[str, ...]:
    return tuple(render(SCENARIO).pods())


def broken(weakness: str, name: str) -> Iterator[Objects]:
    """Render production with one pod weakened, or one by one its containers."""
    pod = render(SCENARIO).pods()[name]
    first = (
        [] if weakness in OF_SERVERS else [("initContainers", at) for at in range(len(pod.get("initContainers", [])))]
    )
    for place in [()] if weakness in OF_PODS else [*first, ("containers", 0)]:
        objects = Objects(copy.deepcopy(dict(render(SCENARIO))))
        weak: Any = objects.pods()[name]
        for key in place:
            weak = weak[key]
        (OF_PODS | OF_CONTAINERS | OF_SERVERS)[weakness](weak)
        yield objects


def noticed(objects: Objects) -> set[str]:
    """Name those of our own checks that a release does not pass."""
    alarmed = set()
    for check in CHECKS:
        try:
            check(objects)
        except (AssertionError, KeyError):
            alarmed.add(check.__name__)
    return alarmed


@pytest.mark.parametrize("weakness", [*OF_PODS, *OF_CONTAINERS, *OF_SERVERS])
def test_a_weakened_pod_is_noticed(weakness: str) -> None:
    """Each field that hardens a pod is missed by a check of our own when it is gone, in every pod."""
    weakened = 0
    for name in component_names():
        if weakness in OF_SERVERS and name.endswith("-caller"):
            continue
        for objects in broken(weakness, name):
            if objects != render(SCENARIO):  # the caller mounts no key
                assert noticed(objects), name
                weakened += 1

    assert weakened >= 3


@pytest.mark.parametrize("weakness", OF_RELEASES)
def test_a_weakened_release_is_noticed(weakness: str) -> None:
    """What protects pods from outside is missed as well when it is gone, or about others."""
    objects = Objects(copy.deepcopy(dict(render(SCENARIO))))
    OF_RELEASES[weakness](objects)

    assert noticed(objects)


def test_a_sound_release_is_not() -> None:
    """The checks do not cry over the release that the others weaken."""
    assert noticed(render(SCENARIO)) == set()


# What only our own checks see; the linters of others are content with a release that is weakened like this.
OWN_EYES = {
    "it inherits the names of services",
    "it mounts its node",
    "its temporary folder has no end",
    "it can write where keys are",
    "it is killed when it is busy",
}


def web_of(release: str) -> Objects:
    """Take the part of production that is about web, enough to break and little to look at, under another name."""
    part = [
        thing for (_, name), thing in render(SCENARIO, release="sound").items() if name.startswith("sound-alex-web")
    ]
    renamed = json.loads(json.dumps(part).replace("sound-alex", f"{release}-alex").replace('"sound"', f'"{release}"'))
    return Objects({(thing["kind"], thing["metadata"]["name"]): thing for thing in renamed})


@pytest.mark.parametrize("weakness", WEAK.values())
def test_others_notice_it_as_well(weakness: str) -> None:
    """Most weaknesses are found by kube-score, kubesec or checkov, too: they do look at what they are given."""
    [release] = [name for name, about in WEAK.items() if about == weakness]
    sound = {(each.tool, each.check, each.thing) for each in found() if each.release == "sound"}
    more = [each for each in found() if each.release == release and (each.tool, each.check, each.thing) not in sound]

    assert bool(more) is (weakness not in OWN_EYES)
