from __future__ import annotations

import base64
import re

from chart.render import FIXED, render, render_text, scenarios


def test_a_key_pair_is_generated() -> None:
    """Without any value the key pair has a name and 48 random characters, new for each install."""
    first, second = (render_text({}), render_text({"agent": {"slots": 3}}))
    pairs = [
        re.search(r'LIVEKIT_API_KEY: "(\S+)"\n  LIVEKIT_API_SECRET: "(\S+)"', text)  # of two separate renders
        for text in (first, second)
    ]
    keys = {base64.b64decode(pair[1]) for pair in pairs if pair}
    secrets = {base64.b64decode(pair[2]).decode() for pair in pairs if pair}

    assert keys == {b"alex"}
    assert len(secrets) == 2
    assert all(re.fullmatch(r"[A-Za-z0-9]{48}", secret) for secret in secrets)


def test_a_generated_secret_agrees_with_its_checksums() -> None:
    """All pods of one install are marked with the same key pair, so that the first upgrade need not replace them."""
    text = render_text({})
    marks = set(re.findall(r"checksum/livekit-key: (\S+)", text))

    assert len(marks) == 1


def test_rendering_twice_changes_nothing() -> None:
    """With the key pair fixed, two renders are the same to the letter: nothing in the chart is random or dated."""
    again = {**FIXED, "caller": {}}  # another cache entry, the same values

    assert render_text(FIXED) == render_text(again)


def test_the_name_of_the_key_is_a_value() -> None:
    """Both halves of the key pair can be chosen, for charts that are rendered without a cluster."""
    values = {"livekit": {"apiKey": "devkey", "apiSecret": "alex-development-secret-32-chars"}}

    assert render(values).secret("alex-livekit") == {
        "LIVEKIT_API_KEY": "devkey",
        "LIVEKIT_API_SECRET": "alex-development-secret-32-chars",
    }


def test_existing_secrets_leave_nothing_of_ours() -> None:
    """With an existing Secret for everything, the release holds no Secret at all."""
    assert not render(scenarios()["hosted-existing-secret"]).of("Secret")


def test_keys_of_providers_are_kept_only_for_the_voice_that_uses_them() -> None:
    """Keys given as values are one Secret with the hosted voice, and none with the built-in one."""
    hosted = scenarios()["hosted-keys"]

    assert render(hosted).secret("alex-agent") == {
        "DEEPGRAM_API_KEY": "deepgram-example-key",
        "OPENAI_API_KEY": "openai-example-key",
        "ELEVEN_API_KEY": "elevenlabs-example-key",
    }
    assert ("Secret", "alex-agent") not in render({**hosted, "voice": "offline"})


def test_keys_are_readable_by_the_program_alone() -> None:
    """Mounted keys belong to the pod's group and to nobody else."""
    for name, pod in render(scenarios()["full"]).pods().items():
        for volume in pod["volumes"]:
            if keys := volume.get("projected") or volume.get("secret"):
                assert keys["defaultMode"] == 0o440, name
                assert pod["securityContext"]["fsGroup"] == pod["securityContext"]["runAsGroup"], name


def test_a_password_of_redis_is_generated() -> None:
    """The bundled Redis has 48 random characters, new for each install, and all pods are marked with the same ones."""
    nodes = scenarios()["nodes"]
    texts = [render_text({**nodes, "agent": {"slots": slots}}) for slots in (3, 4)]
    found = [re.search(r'REDIS_PASSWORD: "(\S+)"', text) for text in texts]
    passwords = {base64.b64decode(match[1]).decode() for match in found if match}

    assert len(passwords) == 2
    assert all(re.fullmatch(r"[A-Za-z0-9]{48}", password) for password in passwords)
    for text in texts:
        assert len(re.findall(r"checksum/redis: \S+", text)) == 3
        assert len(set(re.findall(r"checksum/redis: (\S+)", text))) == 1
