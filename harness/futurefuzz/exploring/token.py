"""Tokens of explored code: which file, by relative path and content, which schedule, and what it shows.

    fx1.eNqtk1FvgjAUhf8KuXuVZIBA5c1lbtmDZoku....1c291ca3

The form is that of the tokens of `findings.token`. Unlike those it makes `replay` run a file, so it never runs any but
the one with the very content that the finding was made with (or, when asked, whatever stands in its place), inside the
folder where the command is given.
"""

from __future__ import annotations

import json
import re
import zlib
from base64 import urlsafe_b64decode, urlsafe_b64encode
from binascii import Error as Base64Error
from pathlib import PurePosixPath
from typing import Any, Final

from attrs import asdict, fields, frozen

from futurefuzz.errors import InputError
from futurefuzz.exploring.entry import Entry, named
from futurefuzz.exploring.models import MODELS
from futurefuzz.exploring.running import Schedule
from futurefuzz.programs.program import Switch

__all__ = ["Case", "decode", "encode", "is_token"]

_LIMIT_TOKEN: Final = 1 << 20
_LIMIT_JSON: Final = 1 << 22
_SHAPE: Final = re.compile(r"fx1\.([A-Za-z0-9_-]+)\.([0-9a-f]{8})")


@frozen(kw_only=True)
class Case:
    """What a token holds.

    Args:
        what: the entry, with its path relative to the folder where it was explored.
        arguments: of the script.
        digest: of the file's content.
        model: preemption model.
        instrument: modules that were instrumented beside the usual ones.
        seed: of `random` in the run.
        schedule: thread, place, occurrence, who goes instead.
        fair_from: see `running.Schedule`.
        signature: of what it shows.
    """

    what: str
    arguments: tuple[str, ...]
    digest: str
    model: str
    instrument: tuple[str, ...]
    seed: int
    schedule: tuple[tuple[str, str, int, str], ...]
    fair_from: int | None
    signature: str

    def entry(self) -> Entry:
        """What is to be run."""
        return named(self.what, self.arguments)

    def as_schedule(self) -> Schedule:
        """How it is to be run."""
        switches = tuple(Switch(actor=actor, place=place, nth=nth, to=to) for actor, place, nth, to in self.schedule)
        return Schedule(switches, self.fair_from)


def encode(case: Case) -> str:
    """The token; the same case gives the same token."""
    text = json.dumps({"format": 1, **asdict(case)}, separators=(",", ":"))
    body = urlsafe_b64encode(zlib.compress(text.encode("ascii"), 9)).decode("ascii").rstrip("=")
    return f"fx1.{body}.{zlib.crc32(body.encode('ascii')):08x}"


def is_token(text: str) -> bool:
    """Whether the text is meant as a token of explored code."""
    return re.match(r"\s*fx\d{1,9}\.[A-Za-z0-9_-]{8}", text) is not None


def decode(text: str) -> Case:
    """The case in a token.

    Raises:
        InputError: cut, edited, of a foreign format, too large, or it names a file outside of the folder.
    """
    text = text.strip()
    if len(text) > _LIMIT_TOKEN:
        raise InputError(f"token: {len(text)} characters are too many; allowed: {_LIMIT_TOKEN}")
    if not text.startswith("fx1."):
        raise InputError("token: unknown format; allowed: fx1")
    shape = _SHAPE.fullmatch(text)
    if shape is None or f"{zlib.crc32(shape[1].encode('ascii')):08x}" != shape[2]:
        raise InputError("token: its checksum does not match; was it cut or edited? copy the whole line")
    return _case(_unpacked(shape[1]))


def _unpacked(body: str) -> Any:
    unpacker = zlib.decompressobj()
    try:
        plain = unpacker.decompress(urlsafe_b64decode(body + "=" * (-len(body) % 4)), _LIMIT_JSON + 1)
        if len(plain) > _LIMIT_JSON or not unpacker.eof:
            raise InputError(f"token: unpacks to too much; allowed: {_LIMIT_JSON} bytes")
        return json.loads(plain)
    except (Base64Error, zlib.error, ValueError, RecursionError) as error:
        raise InputError(f"token: cannot be unpacked: {error}; allowed: what futurefuzz writes") from None


def _case(value: Any) -> Case:
    allowed = [each.name for each in fields(Case)]
    if not isinstance(value, dict) or value.pop("format", None) != 1 or sorted(value) != sorted(allowed):
        raise InputError(f"token: has other fields than {', '.join(['format', *allowed])}")
    strings = all(isinstance(value[name], str) for name in ("what", "digest", "model", "signature"))
    lists = all(_is_texts(value[name]) for name in ("arguments", "instrument"))
    fair = value["fair_from"]
    if not (strings and lists and type(value["seed"]) is int and (fair is None or type(fair) is int)):
        raise InputError("token: a field has the wrong type; allowed: what futurefuzz writes")
    schedule = value["schedule"]
    if not isinstance(schedule, list) or not all(_is_switch(switch) for switch in schedule):
        raise InputError("token: schedule: allowed: [thread, place, occurrence, who goes instead]")
    if value["model"] not in MODELS:
        raise InputError(f"token: model: unknown {value['model']!r:.40}; allowed: {', '.join(MODELS)}")
    path = PurePosixPath(value["what"].split("::")[0])
    if path.is_absolute() or ".." in path.parts or "\\" in value["what"] or "\0" in value["what"]:
        raise InputError(f"token: what: {value['what']!r:.80}; allowed: a file in this folder or below")
    return Case(
        what=value["what"],
        arguments=tuple(value["arguments"]),
        digest=value["digest"],
        model=value["model"],
        instrument=tuple(value["instrument"]),
        seed=value["seed"],
        schedule=tuple((actor, place, nth, to) for actor, place, nth, to in schedule),
        fair_from=fair,
        signature=value["signature"],
    )


def _is_texts(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(text, str) for text in value)


def _is_switch(value: Any) -> bool:
    return (
        isinstance(value, list)
        and len(value) == 4
        and all(isinstance(value[at], str) for at in (0, 1, 3))
        and type(value[2]) is int
    )
