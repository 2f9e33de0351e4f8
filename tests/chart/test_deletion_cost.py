"""What an agent needs to tell Kubernetes how busy it is, and the fence around it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from alex_agent import deletion_cost
from chart.render import KUBERNETES, Object, Objects, put, render, render_text

WITHOUT_POLICY = {"agent": {"deletionCost": {"policy": False, "withoutPolicy": True}}}
OFF = [put("agent.deletionCost.enabled", False), put("agent.deletionCost.policy", False)]
POLICY = ("ValidatingAdmissionPolicy", "alex-agent.default")


def pod(objects: Objects) -> Object:
    found: Object = objects.pods()["alex-agent"]
    return found


def env(objects: Objects) -> dict[str, Any]:
    return {
        entry["name"]: entry.get("value") or entry["valueFrom"]["fieldRef"]["fieldPath"]
        for entry in pod(objects)["containers"][0]["env"]
    }


def volume(objects: Objects) -> Object | None:
    return next((found for found in pod(objects)["volumes"] if found["name"] == "kubernetes"), None)


def test_pod_knows_itself_and_has_what_it_needs() -> None:
    """By default an agent is told its own name, and finds token and certificate where it looks for them."""
    objects = render()
    mounts = {mount["name"]: mount for mount in pod(objects)["containers"][0]["volumeMounts"]}
    mounted = volume(objects)

    assert env(objects)["ALEX_DELETION_COST"] == "true"
    assert env(objects)["ALEX_POD_NAME"] == "metadata.name"
    assert env(objects)["ALEX_POD_NAMESPACE"] == "metadata.namespace"
    assert Path(mounts["kubernetes"]["mountPath"]) == deletion_cost.CREDENTIALS
    assert mounts["kubernetes"]["readOnly"] is True
    assert mounted
    token, certificate = mounted["projected"]["sources"]
    assert token["serviceAccountToken"] == {"path": "token", "expirationSeconds": 600}  # the API server's audience
    assert certificate["configMap"]["items"] == [{"key": "ca.crt", "path": "ca.crt"}]


def test_role_grants_one_verb_on_pods() -> None:
    """The Role of the agent's account patches pods of its namespace, and does nothing else anywhere."""
    objects = render(namespace="voices")
    binding = objects["RoleBinding", "alex-agent"]

    assert objects["Role", "alex-agent"]["rules"] == [{"apiGroups": [""], "resources": ["pods"], "verbs": ["patch"]}]
    assert binding["subjects"] == [{"kind": "ServiceAccount", "name": "alex-agent", "namespace": "voices"}]
    assert binding["roleRef"]["name"] == "alex-agent"
    assert not objects.of("ClusterRole")
    assert not objects.of("ClusterRoleBinding")


def test_policy_names_this_release_and_its_account() -> None:
    """Two releases in two namespaces have a policy each, which meets its own agents and is bound to deny."""
    objects = render(release="team-a", namespace="voices")
    name = "team-a-alex-agent.voices"
    policy = objects["ValidatingAdmissionPolicy", name]["spec"]
    binding = objects["ValidatingAdmissionPolicyBinding", name]["spec"]

    assert "system:serviceaccount:voices:team-a-alex-agent'" in policy["matchConditions"][0]["expression"]
    assert ("ServiceAccount", "team-a-alex-agent") in objects
    assert policy["failurePolicy"] == "Fail"
    assert policy["matchConstraints"]["resourceRules"][0]["resources"] == ["pods", "pods/*"]
    assert binding == {"policyName": name, "validationActions": ["Deny"]}


def test_policy_leaves_free_what_the_agent_writes() -> None:
    """The two annotations that the policy leaves free are those that the program writes."""
    [free] = [entry for entry in render()[POLICY]["spec"]["variables"] if entry["name"] == "free"]

    assert free["expression"] == f"['{deletion_cost.COST}', '{deletion_cost.SAFE_TO_EVICT}']"


@pytest.mark.parametrize("values", OFF)
def test_off_leaves_nothing(values: dict[str, Any]) -> None:
    """Switched off, or without its policy, there is no Role, no token, no variable and no policy."""
    objects = render(values)

    assert not {"Role", "RoleBinding", POLICY[0], f"{POLICY[0]}Binding"} & {kind for kind, _ in objects}
    assert volume(objects) is None
    assert not [name for name in env(objects) if name.startswith(("ALEX_POD", "ALEX_DELETION"))]


def test_without_policy_has_to_be_said() -> None:
    """Token and Role come without the policy only where the values say so in as many words."""
    objects = render(WITHOUT_POLICY)

    assert ("Role", "alex-agent") in objects
    assert volume(objects)
    assert env(objects)["ALEX_DELETION_COST"] == "true"
    assert POLICY not in objects


@pytest.mark.parametrize("values", [*OFF, WITHOUT_POLICY])
def test_old_cluster_can_do_without(values: dict[str, Any]) -> None:
    """On a Kubernetes without admission policies everything else of the chart renders."""
    assert render_text(values, kubernetes="1.27.0")


@pytest.mark.parametrize("version", ["1.30.0", "1.30.0-gke.100", KUBERNETES])
def test_new_cluster_has_the_policy(version: str) -> None:
    """Where the API is there the policy is installed, also without a cluster to ask and with a vendor's version."""
    assert f"kind: {POLICY[0]}\n" in render_text({}, kubernetes=version)
