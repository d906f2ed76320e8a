"""Checks claims on the running interpreter, and on others in processes of their own."""

from __future__ import annotations

import json
import os
import platform
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any, Final

from attrs import frozen

from futurefuzz.claims.claim import VERDICTS, Claim
from futurefuzz.claims.parts import Parts
from futurefuzz.claims.table import CLAIMS
from futurefuzz.errors import HarnessError, InputError

__all__ = ["FORMAT", "Checked", "Column", "check_all", "check_elsewhere"]

FORMAT: Final = 1
#: seconds that another interpreter may take
_PATIENCE: Final = 600


@frozen(kw_only=True)
class Checked:
    """One claim on one interpreter.

    Args:
        number: of the claim.
        verdict: `holds`, `refuted` or `depends`.
        expected: the verdict that is known; None where the claim is a matter of measurement.
        evidence: one sentence.
        measured: the same for programs.
        seconds: that it took.
    """

    number: int
    verdict: str
    expected: str | None
    evidence: str
    measured: dict[str, Any]
    seconds: float

    @property
    def as_expected(self) -> bool:
        """Whether it came out as is known; a measurement always does."""
        return self.expected is None or self.verdict == self.expected


@frozen(kw_only=True)
class Column:
    """One interpreter with its verdicts."""

    interpreter: str
    checked: tuple[Checked, ...]

    def to_json(self) -> dict[str, Any]:
        """As in `claims --json`."""
        return {
            "interpreter": self.interpreter,
            "claims": [_row(each, CLAIMS[each.number]) for each in self.checked],
        }


def _row(checked: Checked, claim: Claim) -> dict[str, Any]:
    return {
        "number": checked.number,
        "claim": claim.claim,
        "verdict": checked.verdict,
        "expected": checked.expected,
        "as_expected": checked.as_expected,
        "evidence": checked.evidence,
        "truth": claim.truth,
        "quote": claim.quote,
        "source": claim.source,
        "measured": checked.measured,
        "seconds": round(checked.seconds, 3),
    }


def check_all(
    numbers: Iterable[int],
    parts: Parts | None = None,
    *,
    progress: Callable[[int], None] = lambda number: None,
) -> Column:
    """Check claims on the interpreter that runs.

    Args:
        numbers: which.
        parts: what the checks are built of; None: what the interpreter offers.
        progress: told each number before its check.

    Raises:
        HarnessError: a check itself broke.
    """
    parts = parts or Parts()
    found = []
    for number in numbers:
        claim = CLAIMS[number]
        progress(number)
        started = time.monotonic()
        try:
            evidence = claim.check(parts)
        except Exception as error:
            raise HarnessError(f"the check of claim {number} broke: {error!r}") from error
        found.append(
            Checked(
                number=number,
                verdict=evidence.verdict,
                expected=claim.expected_on(),
                evidence=evidence.sentence,
                measured=json.loads(json.dumps(dict(evidence.measured))),
                seconds=time.monotonic() - started,
            )
        )
    name = f"{platform.python_implementation()} {platform.python_version()}"
    return Column(interpreter=name, checked=tuple(found))


def check_elsewhere(python: str, numbers: Sequence[int]) -> Column:
    """Check claims with another interpreter, which must be able to import futurefuzz.

    Args:
        python: its executable.
        numbers: which.

    Raises:
        InputError: it cannot be run, or has no futurefuzz, or another version of it.
        HarnessError: a check broke there.
    """
    with tempfile.TemporaryDirectory() as folder:
        answer = Path(folder) / "claims.json"
        command = [python, "-m", "futurefuzz", "claims", *map(str, numbers), "--json", str(answer)]
        said = _run(python, command)
        try:
            document = json.loads(answer.read_text(encoding="utf-8"))
            return _column(document, numbers)
        except FileNotFoundError:
            raise _not_usable(python, said) from None
        except (ValueError, KeyError, TypeError) as error:
            raise InputError(f"--python {python}: its futurefuzz answers otherwise ({error!r}); allowed: one like this "
                             f"one") from None


def _run(python: str, command: list[str]) -> str:
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONHOME"}
    try:
        ended = subprocess.run(
            command,
            capture_output=True,
            text=True,
            errors="replace",
            env=environment,
            stdin=subprocess.DEVNULL,
            check=False,
            timeout=_PATIENCE,
        )
    except OSError as error:
        raise InputError(
            f"--python {python}: cannot be run ({error.strerror}); allowed: a Python interpreter"
        ) from None
    except subprocess.TimeoutExpired:
        raise InputError(f"--python {python}: no answer in {_PATIENCE} s") from None
    return ended.stderr.strip()


def _not_usable(python: str, said: str) -> InputError | HarnessError:
    last = said.splitlines()[-1] if said else "it said nothing"
    if "No module named" in last and "futurefuzz" in last:
        return InputError(f"--python {python}: cannot import futurefuzz there; install it into that environment first")
    if "harness error" in last:
        return HarnessError(f"{python}: {last.removeprefix('futurefuzz: ')}")
    return InputError(f"--python {python}: gave no answer: {last[:200]}")


def _column(document: dict[str, Any], numbers: Sequence[int]) -> Column:
    if document["format"] != FORMAT:
        raise ValueError(f"format {document['format']!r}")
    [column] = document["interpreters"]
    checked = []
    for row in column["claims"]:
        if row["number"] not in CLAIMS or row["verdict"] not in VERDICTS:
            raise ValueError(f"claim {row['number']!r}: {row['verdict']!r}")
        checked.append(
            Checked(
                number=int(row["number"]),
                verdict=str(row["verdict"]),
                expected=None if row["expected"] is None else str(row["expected"]),
                evidence=str(row["evidence"]),
                measured=dict(row["measured"]),
                seconds=float(row["seconds"]),
            )
        )
    if [each.number for each in checked] != list(numbers):
        raise ValueError("other claims")
    return Column(interpreter=str(column["interpreter"]), checked=tuple(checked))
