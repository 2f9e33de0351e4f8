"""What the pods of a release really reach: connections that are tried from inside them."""

from __future__ import annotations

import contextlib
import json
import socket
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

from cluster.kube import Kube, eventually

# Far longer than a connection on one node takes; a policy may drop packets without a word.
PATIENCE_SECONDS = 2.0

SETTLES_SECONDS = 30.0

TRY = """
import json, socket, sys
from concurrent.futures import ThreadPoolExecutor

def opens(target):
    try:
        socket.create_connection(target[1:], timeout=%s).close()
    except OSError:
        return False
    return True

targets = json.loads(sys.argv[1])
with ThreadPoolExecutor(len(targets)) as pool:
    print(json.dumps([target[0] for target, found in zip(targets, pool.map(opens, targets)) if found]))
"""

POD = """
apiVersion: v1
kind: Pod
metadata:
  name: posing-as-{name}
  labels: {labels}
spec:
  # Never ready, so that no Service leads callers here.
  readinessGates: [{{conditionType: alex.test/never}}]
  automountServiceAccountToken: false
  terminationGracePeriodSeconds: 1
  containers:
    - name: sleep
      image: {image}
      imagePullPolicy: Never
      command: [python, -c, "import time; time.sleep(1800)"]
      securityContext:
        runAsNonRoot: true
        allowPrivilegeEscalation: false
        capabilities: {{drop: [ALL]}}
        seccompProfile: {{type: RuntimeDefault}}
"""

Targets = dict[str, tuple[str, int]]


def others(component: str, targets: Targets) -> set[str]:
    """Name the targets that are not of a component: their first word is whose they are.

    No network plugin holds a pod back from itself, and kube-router lets pods of one policy reach what others may reach.
    """
    return {name for name in targets if name.split()[0] != component}


def reached(kube: Kube, pod: str, component: str, targets: Targets) -> set[str]:
    """Try to connect from a pod that has Python to other components; return the names of the targets that answered."""
    words = json.dumps([[name, *targets[name]] for name in others(component, targets)])
    return {*json.loads(kube.kubectl("exec", pod, "--", "python", "-c", TRY % PATIENCE_SECONDS, words))}


def all_reached(
    sources: dict[str, tuple[Kube, str]], targets: Targets, wanted: dict[str, set[str]]
) -> dict[str, set[str]]:
    """Do the same for many pods at once, each by a name; policies get some time to bring about what is wanted."""
    deadline = time.monotonic() + SETTLES_SECONDS
    while True:
        with ThreadPoolExecutor(len(sources)) as pool:
            asked = {name: pool.submit(reached, *source, name, targets) for name, source in sources.items()}
        found = {name: future.result() for name, future in asked.items()}
        if found == wanted or time.monotonic() > deadline:
            return found


def pose(kube: Kube, name: str, labels: dict[str, str], image: str) -> tuple[Kube, str]:
    """Start a pod with Python that has somebody's labels, for whom a policy cannot tell it from."""
    kube.kubectl("apply", "--filename", "-", stdin=POD.format(name=name, labels=json.dumps(labels), image=image))
    pod = f"posing-as-{name}"
    eventually(f"{pod} runs", lambda: kube.get("pod", pod)["status"]["phase"] == "Running", 120)
    return kube, pod


@contextlib.contextmanager
def listening(address: str, *ports: int) -> Iterator[None]:
    """Take connections at an address of this machine, which stands for all that is outside of the cluster."""
    with contextlib.ExitStack() as stack:
        for port in ports:
            server = stack.enter_context(socket.create_server((address, port)))
            server.listen(64)  # the kernel answers; nobody need accept
        yield
