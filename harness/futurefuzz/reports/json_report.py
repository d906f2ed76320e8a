"""The campaign as one JSON document, for scripts. Names in it are promises: add to them, never change them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Final

from attrs import asdict

from futurefuzz.campaign.outcome import Outcome, Reported
from futurefuzz.errors import InputError
from futurefuzz.findings import atomic
from futurefuzz.findings.known import KnownBug
from futurefuzz.programs.codec import program_to_json, schedule_to_json

__all__ = ["FORMAT", "campaign_document", "finding_document", "known_document", "save"]

#: raised when a name in the document changes its meaning
FORMAT: Final = 1


def campaign_document(outcome: Outcome) -> dict[str, Any]:
    """The document of a campaign: `campaign` and `findings`.

    Args:
        outcome: what the campaign left.
    """
    return {
        "format": FORMAT,
        "campaign": {
            "seed": outcome.seed,
            "seconds": round(outcome.seconds, 3),
            "runs": outcome.runs,
            "runs_per_second": round(outcome.runs_per_second, 1),
            "interpreter": outcome.interpreter,
            "jobs": outcome.jobs,
            "behaviours": outcome.behaviours,
            "crashes": outcome.crashes,
            "interrupted": outcome.interrupted,
            "reason": outcome.reason,
            "errors": list(outcome.errors),
            "new": len(outcome.new),
            "known": len(outcome.known),
            "repeat": outcome.repeat,
            "pairs": [asdict(pair) for pair in outcome.pairs],
            "throttled": [asdict(one) for one in outcome.throttled],
            "unconfirmed": [asdict(one) for one in outcome.unconfirmed],
        },
        "findings": [finding_document(reported) for reported in outcome.findings],
    }


def finding_document(reported: Reported) -> dict[str, Any]:
    """The document of one finding, as `futurefuzz replay --json` writes it too."""
    finding = reported.finding
    case, rate = finding.case, finding.rate
    return {
        "signature": finding.signature,
        "grade": finding.grade,
        "status": "new" if reported.is_new else "known",
        "remembered": reported.remembered,
        "known": None if reported.known is None else known_document(reported.known),
        "oracle": finding.oracle,
        "clause": finding.clause,
        "target": case.target,
        "reference": reported.reference,
        "scenario": case.scenario,
        "model": case.model,
        "cause": finding.cause,
        "interpreter": finding.interpreter,
        "token": reported.token,
        "file": None if reported.path is None else str(reported.path),
        "program": program_to_json(case.program),
        "schedule": schedule_to_json(case.schedule),
        "reproduction": {
            "reproduced": rate.reproduced,
            "tried": rate.tried,
            "rate": round(rate.reproduced / rate.tried, 4) if rate.tried else None,
        },
        "analysis": finding.analysis,
        "names": list(reported.names),
        "events": [dict(event) for event in reported.events],
    }


def known_document(bug: KnownBug) -> dict[str, Any]:
    """A known bug: where it is discussed, the first fixed release of each branch, and what goes wrong."""
    return {"issue": bug.issue, "fixed_in": list(bug.fixed_in), "note": bug.note}


def save(document: dict[str, Any], path: Path) -> None:
    """Write a document to a file, whole or not at all.

    Raises:
        InputError: the file cannot be written.
    """
    text = json.dumps(document, indent=2, allow_nan=False) + "\n"
    try:
        atomic.write(path, text.encode("ascii"))
    except OSError as error:
        allowed = "a file in a folder that exists and can be written to"
        raise InputError(f"--json {path}: {error.strerror or error}; allowed: {allowed}") from None
