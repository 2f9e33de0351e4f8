"""How keys get into the configurations of LiveKit and Redis, and that the real ones take them from there."""

from __future__ import annotations

import signal
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
import stack
import yaml
from chart.render import Objects, merge, render
from chart.test_livekit import BALANCED, NODE
from livekit import api

# A secret of digits only is the one that YAML would spoil, and the password has what shells and comments begin with.
KEYS = {"LIVEKIT_API_KEY": "first", "LIVEKIT_API_SECRET": "1" * 32, "REDIS_PASSWORD": r'1-"pass\word"$HOME#<one>'}
SECOND = {"ALEX_SECOND_LIVEKIT_API_KEY": "next", "ALEX_SECOND_LIVEKIT_API_SECRET": "2" * 32}
OURS: dict[str, Any] = {
    "livekit": {
        "apiKey": "first",
        "apiSecret": KEYS["LIVEKIT_API_SECRET"],
        "second": {"apiKey": "next", "apiSecret": SECOND["ALEX_SECOND_LIVEKIT_API_SECRET"]},
    },
    "redis": {"enabled": True, "password": KEYS["REDIS_PASSWORD"]},
}
THEIRS: dict[str, Any] = {
    "livekit": {"existingSecret": "livekit-keys", "second": {"existingSecret": "next-keys"}},
    "redis": {"enabled": True, "existingSecret": "redis-login"},
}


def configuration(objects: Objects, name: str, folder: Path) -> dict[str, str]:
    """Give the configuration that the program reads, made by the first container of its pod where there is one."""
    pod = objects.pods()[name]
    if "initContainers" not in pod:
        return objects.configuration(name)
    for part in ("template", "keys", "config"):
        (folder / part).mkdir()
    for file, text in objects.configuration(name).items():
        (folder / "template" / file).write_text(text)
    [sources] = [volume["projected"]["sources"] for volume in pod["volumes"] if volume["name"] == "keys"]
    for item in [item for source in sources for item in source["secret"]["items"]]:
        # As people make Secrets of files, with the line's end.
        (folder / "keys" / item["path"]).write_text((KEYS | SECOND)[item["path"]] + "\n")
    [first] = pod["initContainers"]
    assert first["command"][0] == "python"
    program = first["args"][0].replace("/etc/alex", str(folder))
    subprocess.run([sys.executable, *first["command"][1:], program], check=True, timeout=30)
    return {file.name: file.read_text() for file in (folder / "config").iterdir()}


def test_keys_of_whoever_get_into_the_same_places(tmp_path: Path) -> None:
    """The configurations are the same to the letter, whether the chart knows the keys or only where they are."""
    ours, theirs = render(OURS), render(THEIRS)

    for name in ("alex-livekit", "alex-redis"):
        (tmp_path / name).mkdir()
        assert configuration(theirs, name, tmp_path / name) == configuration(ours, name, tmp_path)
        assert "initContainers" not in ours.pods()[name]
        assert all(file.stat().st_mode & 0o077 == 0 for file in (tmp_path / name / "config").iterdir())


def test_one_key_of_somebody_elses_is_enough() -> None:
    """As soon as one key of a configuration is in an existing Secret, the pod writes it and the chart does not."""
    whole = {"livekit": {"existingSecret": "livekit-keys"}, "redis": OURS["redis"]}
    second = {"second": THEIRS["livekit"]["second"]}
    half = {"livekit": {**OURS["livekit"], **second}, "redis": OURS["redis"]}
    redis = {**OURS, "redis": THEIRS["redis"]}
    for values in (whole, half, redis):
        objects = render(values)

        assert "initContainers" in objects.pods()["alex-livekit"]
        assert ("Secret", "alex-livekit-config") not in objects
        assert ("initContainers" in objects.pods()["alex-redis"]) == (values is redis)


def test_a_missing_key_is_named(tmp_path: Path) -> None:
    """A configuration that needs a key nobody mounts is not written, and the log names the file."""
    objects = render({"livekit": {"existingSecret": "livekit-keys"}})
    [first] = objects.pods()["alex-livekit"]["initContainers"]
    for part in ("template", "keys", "config"):
        (tmp_path / part).mkdir()
    (tmp_path / "template" / "config.yaml").write_text(objects.configuration("alex-livekit")["config.yaml"])
    program = first["args"][0].replace("/etc/alex", str(tmp_path))
    ended = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False, timeout=30)

    assert ended.returncode != 0
    assert "keys/LIVEKIT_API_KEY" in ended.stderr
    assert not list((tmp_path / "config").iterdir())


@pytest.mark.parametrize(
    "values",
    [OURS, THEIRS, merge(OURS, NODE), merge(OURS, BALANCED)],
    ids=["ours", "theirs", "node ports", "a balancer"],
)
async def test_the_real_server_knows_the_keys(values: dict[str, Any], tmp_path: Path) -> None:
    """The real livekit-server starts with the configuration, and its API takes both pairs and no other."""
    chosen = yaml.safe_load(configuration(render(values), "alex-livekit", tmp_path)["config.yaml"])
    assert chosen.pop("redis")["password"] == KEYS["REDIS_PASSWORD"]
    metrics = stack.free_port()
    # Free ports and loopback instead of a pod's own network, and no Redis; nothing else is changed.
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as udp:
        udp.bind(("127.0.0.1", 0))
        chosen["rtc"] |= {"tcp_port": stack.free_port(), "udp_port": udp.getsockname()[1]}
    chosen |= {"port": stack.free_port(), "prometheus": {"port": metrics}, "bind_addresses": ["127.0.0.1"]}
    chosen["rtc"]["interfaces"] = {"includes": ["lo"]}
    (tmp_path / "server.yaml").write_text(yaml.safe_dump(chosen))
    [container] = render(values).pods()["alex-livekit"]["containers"]
    url = f"http://127.0.0.1:{chosen['port']}"
    words = [stack.livekit_server(), *container["args"][:1], str(tmp_path / "server.yaml")]
    program = stack.Program("livekit", words, {"PATH": "/usr/bin:/bin"}, tmp_path / "livekit.log", f"{url}/")

    program.start()
    try:
        program.wait_ready()
        status, exported = stack.get(f"http://127.0.0.1:{metrics}/metrics")
        taken = [await knows(url, *pair) for pair in (("first", "1" * 32), ("next", "2" * 32), ("first", "2" * 32))]
    finally:
        program.stop(signal.SIGKILL)  # asked politely, it takes its time

    assert (status, "livekit_" in exported) == (200, True)
    assert taken == [True, True, False]


async def knows(url: str, key: str, secret: str) -> bool:
    """Tell whether a server takes a key pair."""
    async with api.LiveKitAPI(url, key, secret) as client:
        try:
            await client.room.list_rooms(api.ListRoomsRequest())
        except api.TwirpError:
            return False
    return True


@pytest.mark.parametrize("values", [OURS, THEIRS], ids=["ours", "theirs"])
def test_the_real_redis_asks_for_the_password(values: dict[str, Any], tmp_path: Path) -> None:
    """The real Redis starts with the configuration; its probe needs no password, all else does, and nothing is kept."""
    objects = render(values)
    [container] = objects.pods()["alex-redis"]["containers"]
    (tmp_path / "data").mkdir()
    text = configuration(objects, "alex-redis", tmp_path)["redis.conf"]
    (tmp_path / "redis.conf").write_text(text.replace("dir /tmp", f"dir {tmp_path / 'data'}"))
    port = str(stack.free_port())
    words = [container["command"][0], str(tmp_path / "redis.conf"), "--port", port, "--bind", "127.0.0.1"]
    probe = container["readinessProbe"]["exec"]["command"]
    asks = [probe[0], "-p", port, "-e"]

    process = subprocess.Popen(words, stdout=subprocess.DEVNULL)
    try:
        deadline = time.monotonic() + 10
        while (code := said([*asks[:3], *probe[1:]])[0]) and time.monotonic() < deadline:
            time.sleep(0.1)
        without = said([*asks, "set", "room", "kept"])
        known = said([*asks, "set", "room", "kept"], REDISCLI_AUTH=KEYS["REDIS_PASSWORD"])
    finally:
        process.terminate()
        process.wait(10)

    assert container["command"][1:] == ["/etc/redis/redis.conf"]
    assert code == 0
    assert (without[0], without[1].split()[:1]) == (1, ["NOAUTH"])
    assert known == (0, "OK\n")
    assert said([*asks[:3], *probe[1:]])[0] != 0  # it has ended
    assert not list((tmp_path / "data").iterdir())


def said(words: list[str], **env: str) -> tuple[int, str]:
    """Run redis-cli; give its exit code and what it says."""
    env = {"PATH": "/usr/bin:/bin", **env}
    done = subprocess.run(words, env=env, capture_output=True, text=True, check=False, timeout=10)
    return done.returncode, (done.stdout + done.stderr).strip("\n") + ("\n" if done.stdout else "")
