"""What a report needs to know of a finding: is it a known bug, or remembered from an earlier campaign?"""

from __future__ import annotations

import platform
import sys
from fnmatch import fnmatchcase
from pathlib import Path

from futurefuzz.campaign.investigator import token_of
from futurefuzz.campaign.outcome import Reported
from futurefuzz.campaign.runner import Reproduction
from futurefuzz.findings import known
from futurefuzz.findings.finding import Finding
from futurefuzz.findings.known import Known, KnownBug
from futurefuzz.shipped import directory

__all__ = ["known_bugs", "known_here", "reported"]


def known_bugs(corpus: Path | None, *, shipped: bool = True) -> Known:
    """The known bugs of the user's corpus folder and those that are shipped.

    Raises:
        InputError: a file is damaged.
    """
    folders = [] if corpus is None else [corpus]
    folders += [directory("corpus")] if shipped else []
    files: dict[Path, None] = {}
    for folder in folders:
        file = folder.resolve() / "known.toml"
        if file.is_file():
            files[file] = None
    return Known(tuple(bug for file in files for bug in known.load(file).bugs))


def known_here(signature: str, bugs: Known) -> KnownBug | None:
    """The known bug that explains a signature on the interpreter that runs this."""
    return bugs.match(signature, platform.python_implementation(), sys.version_info)


def reported(
    finding: Finding,
    reproduction: Reproduction,
    path: Path | None,
    bugs: Known,
    remembered: set[str] | frozenset[str] = frozenset(),
) -> Reported:
    """What a report needs of a finding: is it known, or remembered from an earlier campaign?

    A bug whose fix is in this interpreter's release is back when its finding shows: that is new, remembered or not.
    """
    bug = known_here(finding.signature, bugs)
    elsewhere = bug is None and _is_named(finding.signature, bugs)
    return Reported(
        finding=finding,
        token=token_of(finding),
        known=bug,
        path=path,
        events=list(reproduction.events),
        names=list(reproduction.names),
        violations=[(seen.at, seen.clause, seen.cause) for seen in reproduction.violations],
        remembered=finding.signature in remembered and not elsewhere,
    )


def _is_named(signature: str, bugs: Known) -> bool:
    return any(fnmatchcase(signature, pattern) for bug in bugs.bugs for pattern in bug.signature)
