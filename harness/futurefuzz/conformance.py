"""A test for each clause of the contract that your Future claims, for your own test suite.

    # test_my_future.py
    from futurefuzz.conformance import suite

    TestMyFuture = suite("mypackage:MyFuture", contract="asyncio", seconds=20)

or, without a file:

    pytest --pyargs futurefuzz.conformance --futurefuzz-target mypackage:MyFuture --futurefuzz-contract asyncio

A broken clause fails with the whole report of its smallest program and schedule, token included; where it breaks by
known bugs of CPython alone, which the Future inherits, it is an expected failure that names them. Clauses that are not
offered, from which the Future departs knowingly, or that too few runs have tried are skipped, with the reason.

The Future is validated once, in processes of its own, when the first of the tests runs. Under pytest-xdist the tests
may be distributed as they like: the first worker that needs the result makes it, the others wait for it and read it.
"""

from __future__ import annotations

import hashlib
import json
import os
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import pytest

from futurefuzz.campaign.listener import Silent
from futurefuzz.campaign.loading import is_reference
from futurefuzz.campaign.process import cores
from futurefuzz.contracts import clauses_of
from futurefuzz.errors import FuturefuzzError
from futurefuzz.findings import atomic
from futurefuzz.reports.finding import finding_report
from futurefuzz.targets.base import CONTRACTS
from futurefuzz.targets.declaration import Declaration
from futurefuzz.validating.command import named
from futurefuzz.validating.options import SECONDS, Options
from futurefuzz.validating.result import Row, Validated
from futurefuzz.validating.validation import Validation

__all__ = ["TestConformance", "pytest_generate_tests", "suite"]

_Result = dict[str, dict[str, str]]
_results: Final[dict[str, _Result | FuturefuzzError]] = {}


def suite(
    what: str,
    contract: str | None = None,
    *,
    seconds: float | None = None,
    runs: int | None = None,
    seed: int = 0,
    jobs: int | None = None,
    departures: Mapping[str, str] | None = None,
    lacks: Sequence[str] = (),
    declaration: Declaration | None = None,
    allow_known: bool = True,
) -> type:
    """A test class with one test for each clause.

    Args:
        what: as for `futurefuzz validate`: `module:Class`, `module:factory`, `module:target`, or a name.
        contract: that it claims; needed unless there is a declaration.
        seconds: how long it is tried; as long as by `futurefuzz validate` where neither this nor `runs` is given.
        runs: how often it is run.
        seed: everything follows from it; fixed, so that the same Future gives the same result as far as time allows.
        jobs: worker processes; None: one per core.
        departures, lacks: what is declared of it; see `Target`.
        declaration: the same three in one object.
        allow_known: a clause that nothing but known bugs breaks, which the Future inherits, is an expected failure;
            False: it fails like the others.

    Returns:
        A class to be named `Test…` in a test module.
    """
    declared = declaration or Declaration(
        contract=contract or "", departures=departures or {}, lacks=frozenset(lacks)
    )
    options = _options(what, declared, seconds=seconds, runs=runs, seed=seed, jobs=jobs)

    class Suite:
        """One test for each clause."""

        @pytest.mark.parametrize("clause", _clauses(declared.contract))
        def test_clause(self, clause: str) -> None:
            """The clause holds, as far as has been tried."""
            _check(options, clause, allow_known=allow_known)

    Suite.__doc__ = f"{what} keeps the contract {declared.contract}."
    return Suite


class TestConformance:
    """The target of `--futurefuzz-target` keeps its contract."""

    def test_clause(self, clause: str, pytestconfig: pytest.Config) -> None:
        """The clause holds, as far as has been tried."""
        _check(_asked(pytestconfig), clause)


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """One test for each clause of `--futurefuzz-contract`."""
    if metafunc.cls is TestConformance:
        metafunc.parametrize("clause", _clauses(_asked(metafunc.config).contract or ""))


def _clauses(contract: str) -> list[str]:
    if contract not in CONTRACTS:
        raise pytest.UsageError(f"futurefuzz: unknown contract {contract!r}; allowed: {', '.join(CONTRACTS)}")
    return [name for name, clause in clauses_of(contract).items() if not clause.trap]


def _asked(config: pytest.Config) -> Options:
    what, contract = config.getoption("futurefuzz_target"), config.getoption("futurefuzz_contract")
    if not what or not contract:
        raise pytest.UsageError("futurefuzz.conformance: give --futurefuzz-target and --futurefuzz-contract")
    seconds: float | None = config.getoption("futurefuzz_seconds")
    return _options(what, Declaration(contract=contract), seconds=seconds, runs=None, seed=0, jobs=None)


def _options(
    what: str, declared: Declaration, *, seconds: float | None, runs: int | None, seed: int, jobs: int | None
) -> Options:
    try:
        name = named(what, declared.contract)
    except FuturefuzzError as error:
        raise pytest.UsageError(f"futurefuzz: {error}") from None
    return Options(
        what=what,
        name=name,
        contract=declared.contract,
        seed=seed,
        seconds=SECONDS if seconds is None and runs is None else seconds,
        runs=runs,
        jobs=jobs or len(cores()) or os.cpu_count() or 1,
        departures=tuple(declared.departures.items()),
        lacks=tuple(sorted(declared.lacks)),
        # what the tests can import, the workers can
        path=tuple(dict.fromkeys([os.getcwd(), *filter(None, sys.path)])) if is_reference(name) else (),
    )


def _check(options: Options, clause: str, *, allow_known: bool = True) -> None:
    try:
        row = _result(options)[clause]
    except FuturefuzzError as error:
        pytest.fail(f"futurefuzz: {error}", pytrace=False)
    if row["verdict"] == "broken":
        if row["known"] and allow_known:
            pytest.xfail(f"known: {row['known']}: {row['reason']}")
        pytest.fail(row["report"], pytrace=False)
    if row["verdict"] != "holds":
        pytest.skip(f"{row['verdict']}: {row['reason']}" if row["reason"] else row["verdict"])


# ---- one validation for all tests -----------------------------------------------------------------------------------


def _result(options: Options) -> _Result:
    """Verdict, reason and report of each clause: of this process, of another xdist worker, or made now."""
    key = hashlib.sha256(repr(options).encode()).hexdigest()[:24]
    if key not in _results:
        session = os.environ.get("PYTEST_XDIST_TESTRUNUID")
        try:
            _results[key] = _validate(options) if session is None else _shared(options, session, key)
        except FuturefuzzError as error:
            _results[key] = error
    result = _results[key]
    if isinstance(result, FuturefuzzError):
        raise result
    return result


def _shared(options: Options, session: str, key: str) -> _Result:
    """The result that one of the workers of a session has made; whoever comes first makes it."""
    name = hashlib.sha256(f"{session}/{key}".encode()).hexdigest()[:24]
    # in a folder of the user's own: nobody else shall be able to put a result there
    folder = Path(tempfile.gettempdir()) / f"futurefuzz-conformance-{os.getuid() if hasattr(os, 'getuid') else 0}"
    folder.mkdir(mode=0o700, exist_ok=True)
    if hasattr(os, "getuid") and folder.stat().st_uid != os.getuid():
        return _validate(options)
    atomic.sweep(folder)
    file = folder / f"{name}.json"
    with _locked(folder / f"{name}.lock"):
        try:
            found: _Result = json.loads(file.read_bytes())
        except (OSError, ValueError):
            found = _validate(options)
            atomic.write(file, json.dumps(found).encode())
    return found


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    """Only one process at a time; where there are no such locks, each makes a result of its own."""
    try:
        import fcntl
    except ImportError:
        yield
        return
    with path.open("wb") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def _validate(options: Options) -> _Result:
    validated = Validation(options, Silent()).run()
    faults = [*validated.errors, *validated.complaints]
    if faults:
        raise FuturefuzzError(faults[0])
    return {row.clause.id: _told(row, validated) for row in validated.rows}


def _told(row: Row, validated: Validated) -> dict[str, str]:
    lines: list[Any] = [] if row.finding is None else [line.plain.rstrip() for line in finding_report(row.finding)]
    effort = f"{validated.runs:,} runs in {validated.seconds:.0f} s, seed {validated.seed}"
    known = ", ".join(f"{bug.issue} ({bug.state})" for bug in row.bugs) if row.only_known else ""
    return {"verdict": row.verdict, "reason": row.reason, "known": known, "report": "\n".join([*lines, "", effort])}
