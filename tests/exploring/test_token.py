"""Tokens of explored code hold a case and nothing else, and whatever is wrong with one is said in a line."""

from __future__ import annotations

import json
import zlib
from base64 import urlsafe_b64encode
from typing import Any

import pytest

from futurefuzz.errors import InputError
from futurefuzz.exploring import token

CASE = token.Case(
    what="folder/script.py::test_it",
    arguments=(),
    digest="0" * 64,
    model="gil",
    instrument=("janus",),
    seed=7,
    schedule=(("main", "acquire Lock 1 at script.py:test_it", 2, "worker"),),
    fair_from=None,
    signature="deadlock:Lock@script.py:test_it",
)


def _packed(value: Any) -> str:
    body = urlsafe_b64encode(zlib.compress(json.dumps(value).encode())).decode().rstrip("=")
    return f"fx1.{body}.{zlib.crc32(body.encode()):08x}"


def _fields(**changes: Any) -> dict[str, Any]:
    from attrs import asdict

    return {"format": 1, **asdict(CASE), **changes}


def test_a_case_survives_its_token() -> None:
    """And the same case makes the same token."""
    assert token.decode(token.encode(CASE)) == CASE
    assert token.encode(CASE) == token.encode(CASE)
    assert token.is_token(token.encode(CASE))
    assert not token.is_token("ff1.eNqtk1FvgjAUhf8KuXuVZIBA5c")


@pytest.mark.parametrize(
    "text",
    [
        "fx1.",
        "fx2.eNqtk1FvgjAUhf8KuXuVZIBA5c.00000000",
        token.encode(CASE)[:-20],
        token.encode(CASE).replace("fx1.e", "fx1.f"),
        _packed([]),
        _packed({}),
        _packed(_fields(more=1)),
        _packed(_fields(model="none")),
        _packed(_fields(seed="7")),
        _packed(_fields(seed=True)),
        _packed(_fields(schedule=[["main", "x", "1", "y"]])),
        _packed(_fields(schedule=7)),
        _packed(_fields(arguments="abc")),
        _packed(_fields(what="/etc/passwd")),
        _packed(_fields(what="..\\x.py")),
        _packed("x" * (1 << 23)),
        "fx1." + "A" * (1 << 21),
    ],
)
def test_a_damaged_or_hostile_token_is_refused_in_one_line(text: str) -> None:
    """Cut, edited, of another format, with wrong fields, leading out of the folder, too large."""
    with pytest.raises(InputError) as refused:
        token.decode(text)
    assert "\n" not in str(refused.value)
    assert len(str(refused.value)) < 300
