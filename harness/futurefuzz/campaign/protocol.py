"""How the supervisor and its workers talk: framed requests one way, lines of JSON the other way.

Requests have their length in front, so that a worker takes exactly one and leaves the rest in the pipe: when the
worker's child dies, the next child goes on with the request after the culprit and nothing is lost or done twice.
Answers are lines, because a process can die in the middle of one: the reader drops a line that is no JSON object and
finds its feet at the next. Both run on descriptors of their own, away from the target's standard streams, which end up
in the worker's captured errors.
"""

from __future__ import annotations

import json
import os
import struct
from typing import Any, Final

from attrs import evolve, frozen

__all__ = ["ENDED_WELL", "MEMORY_EXIT", "LineReader", "Setup", "read_request", "request_bytes", "send"]

_LENGTH: Final = struct.Struct("<I")
#: a line of the target's rubbish is dropped when it gets longer than this
_LINE_LIMIT: Final = 1 << 22

#: a worker that runs out of memory ends with this code
MEMORY_EXIT: Final = 86
#: a worker whose program was to end with its process ends with this code when its interpreter came to its end
ENDED_WELL: Final = 87


@frozen(kw_only=True)
class Setup:
    """What a worker loads before it begins.

    Args:
        targets: names of registered targets. They may come from a token or a corpus file: nothing is imported for them.
        references: `module:attribute` of other targets, which a person has named on the command line.
        scenarios: names and paths; None loads no scenarios, empty loads all that are shipped.
        path: folders to put before `sys.path`, for the references.
        departures, lacks: what is declared of the targets beyond what they say themselves.
        points: a model of points inside the targets' own code (`campaign.points`); empty for none.

    Without any targets and references all registered targets are loaded.
    """

    targets: tuple[str, ...] = ()
    references: tuple[str, ...] = ()
    scenarios: tuple[str, ...] | None = None
    path: tuple[str, ...] = ()
    departures: tuple[tuple[str, str], ...] = ()
    lacks: tuple[str, ...] = ()
    points: str = ""

    def only(self, target: str) -> Setup:
        """What it takes to run one target: itself and whatever the references register, no scenarios."""
        return evolve(self, targets=(target,), scenarios=None)

    def to_json(self) -> dict[str, Any]:
        """As the worker gets it."""
        return {
            "targets": list(self.targets),
            "references": list(self.references),
            "scenarios": None if self.scenarios is None else list(self.scenarios),
            "path": list(self.path),
            "departures": [list(pair) for pair in self.departures],
            "lacks": list(self.lacks),
            "points": self.points,
        }

    @classmethod
    def from_json(cls, value: dict[str, Any]) -> Setup:
        """The other way."""
        scenarios = value["scenarios"]
        return cls(
            targets=tuple(value["targets"]),
            references=tuple(value["references"]),
            scenarios=None if scenarios is None else tuple(scenarios),
            path=tuple(value["path"]),
            departures=tuple((clause, reason) for clause, reason in value["departures"]),
            lacks=tuple(value["lacks"]),
            points=value["points"],
        )


def request_bytes(message: dict[str, Any]) -> bytes:
    """A request as it goes through the pipe."""
    data = json.dumps(message, separators=(",", ":")).encode()
    return _LENGTH.pack(len(data)) + data


def read_request(descriptor: int) -> dict[str, Any] | None:
    """The next request, exactly; None when the other side is gone."""
    head = _read_exactly(descriptor, _LENGTH.size)
    if head is None:
        return None
    data = _read_exactly(descriptor, _LENGTH.unpack(head)[0])
    if data is None:
        return None
    message: dict[str, Any] = json.loads(data)
    return message


def _read_exactly(descriptor: int, size: int) -> bytes | None:
    data = b""
    while len(data) < size:
        more = os.read(descriptor, size - len(data))
        if not more:
            return None
        data += more
    return data


def send(descriptor: int, message: dict[str, Any]) -> None:
    """Write an answer whole."""
    view = memoryview(json.dumps(message, separators=(",", ":")).encode() + b"\n")
    while view:
        view = view[os.write(descriptor, view) :]


class LineReader:
    """Puts answers together from what the pipe yields."""

    def __init__(self) -> None:
        self.rubbish = 0
        self._rest = b""

    def feed(self, data: bytes) -> list[dict[str, Any]]:
        """The answers that are complete now; what is none is counted in `rubbish` and dropped."""
        *lines, self._rest = (self._rest + data).split(b"\n")
        if len(self._rest) > _LINE_LIMIT:
            self._rest = b""
            self.rubbish += 1
        found = []
        for line in lines:
            if not line:
                continue
            try:
                message = json.loads(line)
            except ValueError:
                message = None
            if isinstance(message, dict):
                found.append(message)
            else:
                self.rubbish += 1
        return found
