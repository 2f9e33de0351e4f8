"""values.yaml, its schema, its prose and the templates say the same."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from chart.reads import reads
from chart.render import CHART, Refused, at, defaults, leaves, merge, put, render_all, scenarios
from chart.values_table import BEGIN, END, settings, with_table

SETTINGS = settings()
SCHEMA: dict[str, Any] = json.loads((CHART / "values.schema.json").read_text())
# Helm hands this to subcharts; nobody writes it in values.yaml.
HELMS_OWN = {"global"}


def resolved(schema: dict[str, Any]) -> dict[str, Any]:
    while "$ref" in schema:
        schema = SCHEMA["$defs"][schema["$ref"].rsplit("/", 1)[1]]
    return schema


def schema_at(path: str) -> dict[str, Any]:
    found = SCHEMA
    for key in path.split("."):
        found = resolved(found["properties"][key])
    return found


def objects_of(schema: dict[str, Any], path: str = "") -> list[tuple[str, dict[str, Any]]]:
    """List every object in the schema with its path."""
    schema = resolved(schema)
    found = [(path, schema)] if "properties" in schema else []
    for key, child in schema.get("properties", {}).items():
        found += objects_of(child, f"{path}.{key}".strip("."))
    if "items" in schema:
        found += objects_of(schema["items"], f"{path}[]")
    return found


def test_schema_is_a_schema() -> None:
    """The schema itself follows the draft that it names."""
    jsonschema.Draft7Validator.check_schema(SCHEMA)


def test_schema_forbids_unknown_keys_everywhere() -> None:
    """No object of the values accepts a key that is not written down."""
    for path, schema in objects_of(SCHEMA):
        assert schema["additionalProperties"] is False, path


def test_every_value_is_in_the_schema() -> None:
    """Each key of values.yaml has a type, and ranges where it is a number."""
    for path, _ in leaves({key: value for key, value in defaults().items() if key != "caller"}):
        schema = schema_at(path)
        assert schema.keys() & {"type", "enum", "anyOf"}, path
        if schema.get("type") == "integer":
            assert {"minimum", "maximum"} <= schema.keys(), path


def test_every_key_of_the_schema_is_in_the_values() -> None:
    """The schema allows nothing that values.yaml does not show, but for parts that Kubernetes defines."""
    values = defaults()
    # Their shape is Kubernetes' own; values.yaml shows the keys that have a default.
    theirs = ("resources", "tolerations", "affinity")
    for path, schema in objects_of(SCHEMA):
        if any(part in path.split(".")[-1] or f".{part}." in f".{path}." for part in theirs) or "[]" in path:
            continue
        shown: Any = values
        for key in filter(None, path.split(".")):
            shown = shown[key]
        assert set(schema["properties"]) - HELMS_OWN == set(shown), path


def test_every_value_is_explained_in_a_sentence() -> None:
    """Each key has prose of its own that begins with a capital or a code word and ends like a sentence."""
    listed = {setting.path for setting in SETTINGS}

    assert listed == {path for path, _ in leaves(defaults())}
    for setting in SETTINGS:
        assert len(setting.prose) > 15, setting.path
        assert setting.prose[0].isupper() or setting.prose[0] == "`", setting.path
        assert setting.prose.endswith("."), setting.path


def test_every_duration_has_its_unit_in_its_name() -> None:
    """No key of values.yaml leaves its unit to be guessed."""
    for path, value in leaves(defaults()):
        name = path.split(".")[-1]
        if any(word in name.lower() for word in ("timeout", "duration", "period", "interval", "delay", "ttl")):
            assert isinstance(value, int), path
            assert name.endswith(("Seconds", "Milliseconds")), path


def test_readme_table_is_fresh() -> None:
    """The README lists the values as they are; `python tests/chart/values_table.py` rewrites it."""
    readme = (CHART / "README.md").read_text()

    assert BEGIN in readme
    assert END in readme
    assert with_table(readme) == readme


# Another legal value where the rules below cannot think of one, and what has to be set beside it to be seen.
OTHER: dict[str, Any] = {
    "voice": "offline",
    "logLevel": "error",
    "logFormat": "json",
    "image.registry": "registry.example.com/other",
    **{f"image.digests.{image}": f"sha256:{'f' * 64}" for image in ("agent", "web", "offline", "caller")},
    "image.pullPolicy": "Never",
    "image.pullSecrets": ["other"],
    "agent.language": "fr",
    "agent.timezone": "Asia/Tokyo",
    "agent.resources.requests.cpu": "600m",
    "agent.resources.requests.memory": "2Gi",
    "agent.resources.limits.memory": "5Gi",
    "agent.prices": [{"provider": "openai", "model": "other", "usdPerMillionInputTokens": 1}],
    "agent.autoscaling.cpuMillicoresPerCall": 1,
    "agent.autoscaling.engine": "prometheus",
    "web.callerMay": ["room"],
    "web.signIn.oidc.issuer": "https://other.example.com",
    "web.signIn.oidc.jwksUrl": "https://other.example.com/keys",
    "web.signIn.captcha.verifyUrl": "https://other.example.com/verify",
    "web.allowedOrigins": ["https://other.example.com"],
    "web.brand.accent": "#123456",
    "web.brand.accentDark": "#123456",
    "web.brand.background": "#123456",
    "web.brand.backgroundDark": "#123456",
    "web.brand.links": {"other": "https://other.example.com"},
    "web.service.type": "NodePort",
    "web.service.nodePort": 30123,
    "offline.fallback": "speech",
    "offline.engine": "local",
    "offline.script": '{"other": 1}',
    "livekit.exposure": "portForward",
    "livekit.url": "wss://other.example.com",
    "livekit.publicUrl": "wss://other.example.com",
    "offline.url": "http://other.example.com",
    "livekit.address": "203.0.113.99",
    "redis.address": "redis.example.com:6380",
    "redis.password": "another-password-of-more-than-sixteen-characters",
    "livekit.service.type": "NodePort",
    "caller.asks": [{"ask": "Other?", "expect": "other"}],
    "monitoring.annotations.enabled": False,
    "monitoring.rules.runbookUrl": "https://other.example.com/RUNBOOK.md",
    "livekit.turn.issuerKind": "Issuer",
    "networkPolicy.callers": [{"ipBlock": {"cidr": "192.0.2.0/24"}}],
    "networkPolicy.egressPorts": [1234],
    "networkPolicy.operators": ["other"],
}
GATEWAY = put("gateway", scenarios()["gateway"]["gateway"])
INGRESSES_OFF = {"web": {"ingress": {"enabled": False}}, "livekit": {"ingress": {"enabled": False}}}
BESIDE: dict[str, dict[str, Any]] = {
    "agent.replicas": put("agent.autoscaling.enabled", False),
    "web.replicas": put("web.autoscaling.enabled", False),
    "web.service.nodePort": put("web.service.type", "NodePort"),
    "fullnameOverride": put("nameOverride", "alex"),
    "livekit.service.nodePorts.signal": {"livekit": {"service": {"type": "NodePort"}, "ingress": {"enabled": False}}},
    "livekit.service.nodePorts.tcp": put("livekit.service.type", "NodePort"),
    "livekit.service.nodePorts.udp": put("livekit.service.type", "NodePort"),
    "providers.deepgram.existingSecretKey": {"providers": {"deepgram": {"apiKey": "", "existingSecret": "ours"}}},
    "providers.openai.existingSecretKey": {"providers": {"openai": {"apiKey": "", "existingSecret": "ours"}}},
    "monitoring.annotations.enabled": put("monitoring.podMonitor.enabled", False),
    "livekit.service.nodePorts.turn": put("livekit.service.type", "NodePort"),
    **{
        f"gateway.{key}": merge(GATEWAY, INGRESSES_OFF)
        for key in ("name", "namespace", "listener", "host", "annotations")
    },
}
FULL = merge(merge(defaults(), scenarios()["full"]), put("agent.resources.limits.memory", "4Gi"))


# The same by the last part of a path.
OF_KIND: dict[str, Any] = {
    "tolerations": [{"key": "other", "operator": "Exists"}],
    "affinity": {"podAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": []}},
    **{kind: {"other": "value"} for kind in ("nodeSelector", "podLabels", "podAnnotations", "annotations", "labels")},
    "cpu": "333m",
    "memory": "3Gi",
    "host": "other.example.com",
    "baseUrl": "https://other.example.com/v9",
    "otlpEndpoint": "https://other.example.com",
    "digest": f"sha256:{'f' * 64}",
    "topologySpreadConstraints": [{"maxSkew": 5, "topologyKey": "other", "whenUnsatisfiable": "DoNotSchedule"}],
    "extraEnv": [{"name": "OTHER", "value": "other"}],
    "extraVolumes": [{"name": "other", "configMap": {"name": "other"}}],
    "extraVolumeMounts": [{"name": "other", "mountPath": "/other"}],
    **dict.fromkeys(("apiKey", "apiSecret", "adminKey"), "another-key-of-more-than-thirty-two-characters"),
}


def other(path: str, value: Any) -> Any:
    """Think of another legal value."""
    kind = path.rsplit(".", maxsplit=1)[-1]
    if path in OTHER:
        return OTHER[path]
    if isinstance(value, bool):
        return not value
    if isinstance(value, int | float):
        return value + 1
    return OF_KIND.get(kind, "other")


def outcome(values: dict[str, Any]) -> str:
    """Give everything that a user sees of some values: objects and notes, or the refusal."""
    try:
        return render_all(values)
    except Refused as refused:
        return str(refused)


@pytest.mark.parametrize("path", [setting.path for setting in SETTINGS])
def test_every_value_is_read(path: str) -> None:
    """Changing a value changes what is rendered, or is refused by name: no value is there for show."""
    base = merge(FULL, BESIDE.get(path, {}))
    changed = merge(base, put(path, other(path, at(base, path))))

    seen = outcome(changed)

    assert changed != base
    assert seen != outcome(base)
    if "specifications of the schema" in seen:
        pytest.fail(seen)


# What the templates put among the values themselves, to decide it once.
DECIDED = {"livekit.decidedApiSecret", "redis.decidedPassword"}


def declared(path: str) -> bool:
    """Tell whether values.yaml has a key, or one above it whose content is the operator's own."""
    found: Any = defaults()
    for key in path.split("."):
        if found in ({}, []):
            return True
        if not isinstance(found, dict) or key not in found:
            return False
        found = found[key]
    return True


TEMPLATES = [path for path in sorted((CHART / "templates").rglob("*")) if path.is_file()]


@pytest.mark.parametrize("template", TEMPLATES, ids=lambda path: str(path.relative_to(CHART / "templates")))
def test_no_template_reads_what_is_not_there(template: Path) -> None:
    """Every value that a template names is in values.yaml; Go would take another one for empty, without a word."""
    assert [path for path in reads(template) if path not in DECIDED and not declared(path)] == []


# The same for every component, so one helper reads them from whichever it is given.
SHARED = {"nodeSelector", "tolerations", "affinity", "topologySpreadConstraints", "priorityClassName", "podAnnotations"}


def test_every_value_is_named_in_a_template() -> None:
    """No value is left behind by a template that has gone, and a misspelt one would be seen."""
    found = {path for template in TEMPLATES for path in reads(template)}
    unseen = [path for path, _ in leaves(defaults()) if not any(f"{path}.".startswith(f"{read}.") for read in found)]

    assert [path for path in unseen if path.rsplit(".", 1)[-1] not in SHARED] == []
    assert not declared("web.signIn.oidc.isuer")
    assert declared("web.brand.links.help")
