"""What answers on Alex's ports is in the documents, and what is in the documents answers."""

from __future__ import annotations

import re

import pytest
from alex_web.app import create_app
from alex_web.ops import create_ops
from alex_web.settings import Settings
from docs.settings_table import PROGRAMS, SETTINGS, variables, with_tables
from docs.test_docs import documents
from quart import Quart
from stack import ROOT

API = (ROOT / "charts/alex/API.md").read_text()
# Where those programs that are not made of Quart say what they answer.
ROUTES = {"agent": "agent/alex_agent/ops.py", "offline": "images/offline/alex_offline/ops.py"}


def documented(program: str) -> set[tuple[str, str]]:
    """Give the method and path of each line of a program's tables, any name in braces as {}."""
    section = re.split(r"^## ", API.split(f"## {program}\n")[1], maxsplit=1, flags=re.MULTILINE)[0]
    return {(method, nameless(path)) for method, path in re.findall(r"^\| `([A-Z]+) (\S+)` \|", section, re.MULTILINE)}


def nameless(path: str) -> str:
    return re.sub(r"\{\w+\}|<(?:\w+:)?\w+>", "{}", path)


def answered(app: Quart) -> set[tuple[str, str]]:
    rules = [rule for rule in app.url_map.iter_rules() if rule.methods]
    return {
        (method, nameless(rule.rule))
        for rule in rules
        for method in rule.methods or ()
        if method not in {"HEAD", "OPTIONS"}
    }


def test_requests_of_web_are_documented() -> None:
    """Both ports of web answer what API.md says, and nothing else."""
    app = create_app(Settings.model_validate({}))

    assert documented("web") == answered(app) | answered(create_ops(app.extensions["alex"]))


@pytest.mark.parametrize("program", ROUTES)
def test_requests_of_the_others_are_documented(program: str) -> None:
    """The ops ports of agent and offline answer what API.md says, and nothing else."""
    text = (ROOT / ROUTES[program]).read_text()
    routes = re.findall(r"web\.(get|post|put|delete)\(\"(/[^\"]*)\"", text)

    assert documented(program) == {(method.upper(), nameless(path)) for method, path in routes}


def test_requests_to_vendors_are_documented() -> None:
    """Each address at which offline speaks for a vendor is in its README."""
    told = (ROOT / "images/offline/README.md").read_text()
    sources = (ROOT / "images/offline/alex_offline").glob("*.py")
    paths = {path for file in sources for path in re.findall(r"web\.(?:get|post)\(\"(/v1/[^\"]*)\"", file.read_text())}
    last = {nameless(path).replace("{}", "").strip("/").rsplit("/", 1)[-1] for path in paths}

    assert paths
    assert [word for word in sorted(last) if word not in told] == []


def test_addresses_that_documents_name_are_answered() -> None:
    """No document sends a reader to an address of the API that nobody answers."""
    every = {path for program in PROGRAMS for _, path in documented(program)}
    for document in documents():
        named = {
            nameless(path)
            for path in re.findall(r"[` ](/api/[\w/{}]+|/reservations|/capacity)(?![\w/])", document.read_text())
        }

        assert {path for path in named if path.rstrip("/") not in every} == set(), document


def test_settings_tables_are_fresh() -> None:
    """SETTINGS.md lists every variable; `python tests/docs/settings_table.py` rewrites it."""
    text = SETTINGS.read_text()

    assert with_tables(text) == text


def test_variables_that_documents_name_are_read() -> None:
    """No document asks a reader to set a variable that no program reads."""
    read = {one.name for program in PROGRAMS for one in variables(program)}
    for document in documents():
        named = set(re.findall(r"\b(?:ALEX|LIVEKIT|DEEPGRAM|OPENAI|ELEVEN)_[A-Z_]+[A-Z]\b", document.read_text()))

        assert {name for name in named if name.removesuffix("_FILE") not in read and name not in read} == set(), (
            document
        )
