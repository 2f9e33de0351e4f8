"""Turn the chart's test pod (JSON on stdin) into a pod that runs alex-caller with other questions (the arguments)."""

from __future__ import annotations

import json
import sys
from typing import Any


def documents(text: str) -> list[dict[str, Any]]:
    """Read one or several JSON objects, as kubectl prints them."""
    decoder, found, position = json.JSONDecoder(), [], 0
    while text[position:].strip():
        value, used = decoder.raw_decode(text[position:].lstrip())
        position = len(text) - len(text[position:].lstrip()) + used
        found += value["items"] if value.get("kind") == "List" else [value]
    return found


def caller_pod(hooks: list[dict[str, Any]], questions: list[str]) -> dict[str, Any]:
    """Return the test pod without its hook, asking `questions` instead of its own."""
    pod = next(hook for hook in hooks if hook["kind"] == "Pod")
    container = pod["spec"]["containers"][0]
    own = container.get("args", [])
    addresses = []
    for option, value in zip(own, own[1:], strict=False):
        if option in ("--url", "--livekit-url"):
            addresses += [option, value]
    container["args"] = addresses + questions
    pod["metadata"] = {"generateName": "alex-call-", "labels": pod["metadata"].get("labels", {})}
    pod["spec"]["restartPolicy"] = "Never"
    return pod


if __name__ == "__main__":
    print(json.dumps(caller_pod(documents(sys.stdin.read()), sys.argv[1:])))
