"""What README.md and docs/ show can be typed: commands parse, code compiles, imports and links lead somewhere.

What it does is tested where it belongs; here only the words are held to the code, which is cheap.
"""

from __future__ import annotations

import ast
import importlib
import importlib.util
import re
import shlex
import tomllib
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from futurefuzz import cli
from futurefuzz.findings import known

ROOT = Path(__file__).parents[1]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
FENCE = re.compile(r"^```([\w-]*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
LINK = re.compile(r"\]\((?!https?:)([^)#\s]+)")
INLINE = re.compile(r"`(futurefuzz [a-z]+ [^`]+)`")
#: the table of options writes them as grammars
GRAMMAR = re.compile(r"[\[|…]")

pytestmark = pytest.mark.skipif(not PAGES[0].is_file(), reason="there is no documentation beside these tests")


def blocks(*languages: str) -> Iterator[tuple[str, str]]:
    """(page, text) of each block of those languages."""
    for page in PAGES:
        for language, text in FENCE.findall(page.read_text(encoding="utf-8")):
            if language in languages:
                yield page.name, text


def commands() -> list[tuple[str, str]]:
    """(page, command) of each line that begins with `futurefuzz`, continued ones whole, and of what stands in prose."""
    found = []
    for name, text in blocks("sh", ""):
        lines = text.replace("\\\n", " ").splitlines()
        found += [(name, line) for line in lines if re.match(r"futurefuzz [a-z]", line)]
    for page in PAGES:
        said = INLINE.findall(" ".join(page.read_text(encoding="utf-8").split()))
        found += [(page.name, one) for one in said if not GRAMMAR.search(one)]
    return found


def test_there_is_something_to_look_at() -> None:
    """A pattern that fits nothing would hold anything true."""
    assert len(PAGES) > 10
    assert len(commands()) > 50
    assert len(list(blocks("python"))) > 10


def test_commands_parse() -> None:
    """Each is a command of ours, with options that it has and values that they take."""
    wrong = []
    for name, command in commands():
        _, verb, *arguments = shlex.split(command, comments=True)
        try:
            cli._cli.commands[verb].make_context(verb, arguments)
        except (KeyError, click.ClickException) as error:
            wrong.append(f"{name}: {command}: {error!r}")
    assert wrong == []


def test_python_compiles_and_what_it_imports_of_us_is_there() -> None:
    """A reader can copy it."""
    wrong = []
    for name, text in blocks("python"):
        for node in ast.walk(ast.parse(text, name)):
            if isinstance(node, ast.ImportFrom) and (node.module or "").partition(".")[0] == "futurefuzz":
                if node.module == "futurefuzz.strategies" and importlib.util.find_spec("hypothesis") is None:
                    continue
                module = importlib.import_module(node.module or "")
                wrong += [f"{name}: {node.module}.{one.name}" for one in node.names if not hasattr(module, one.name)]
    assert wrong == []


def test_modules_that_are_run_are_there() -> None:
    """`python -m …`, those of the checkout's tests included."""
    said = {(name, module) for name, text in blocks("sh", "") for module in re.findall(r"python\S* -m ([\w.]+)", text)}
    assert [pair for pair in sorted(said) if pair[1] != "venv" and importlib.util.find_spec(pair[1]) is None] == []


def test_toml_is_read(tmp_path: Path) -> None:
    """Tables parse, and a list of known bugs is one."""
    for _, text in blocks("toml"):
        if "known" in tomllib.loads(text):
            file = tmp_path / "known.toml"
            file.write_text(text)
            assert known.load(file).bugs


def test_links_lead_somewhere() -> None:
    """Those to other pages and files of the checkout."""
    wrong = [
        f"{page.name}: {link}"
        for page in PAGES
        for link in LINK.findall(page.read_text(encoding="utf-8"))
        if not (page.parent / link).exists()
    ]
    assert wrong == []


def test_each_page_is_reachable() -> None:
    """From README.md, or from a page that is."""
    reached, waiting = set(), [PAGES[0]]
    while waiting:
        page = waiting.pop().resolve()
        if page not in reached and page.suffix == ".md" and page.is_file():
            reached.add(page)
            waiting += [page.parent / link for link in LINK.findall(page.read_text(encoding="utf-8"))]
    assert {page.name for page in PAGES} - {page.name for page in reached} == set()


def test_files_of_the_corpus_that_are_named_are_there() -> None:
    """Examples with a name of their own can be replayed."""
    named = {
        (page.name, path)
        for page in PAGES
        for path in re.findall(r"corpus/[a-z0-9-]+-[0-9a-f]{12}\.json", page.read_text(encoding="utf-8"))
    }
    assert [pair for pair in sorted(named) if not (ROOT / pair[1]).is_file()] == []
