"""Scenarios: families of programs, each in a file of its own, found by path so that a user's folder works like ours."""

from __future__ import annotations

import importlib.util
import re
import sys
import traceback
from collections.abc import Callable, Mapping, Sequence
from fnmatch import fnmatchcase
from functools import partial
from pathlib import Path
from typing import Any, Final

from attrs import Attribute, field, frozen

from futurefuzz.errors import InputError
from futurefuzz.programs.choices import Choices
from futurefuzz.programs.generator import generate, possible
from futurefuzz.programs.profile import Profile
from futurefuzz.programs.program import Program
from futurefuzz.shipped import directory
from futurefuzz.targets.base import CONTRACTS, Target

__all__ = ["Scenario", "load_scenarios", "shipped_names"]

Generate = Callable[[Choices, Target], Program]

_NAME: Final = re.compile(r"[a-z0-9][a-z0-9_-]*")


def _name(_scenario: object, _attribute: Attribute[Any], name: Any) -> None:
    if not isinstance(name, str) or _NAME.fullmatch(name) is None:
        raise ValueError(f"scenario name is {name!r}; allowed: small letters, digits, '_' and '-'")


def _contracts(_scenario: object, _attribute: Attribute[Any], contracts: Any) -> None:
    if not isinstance(contracts, tuple) or not contracts or not set(contracts) <= set(CONTRACTS):
        raise ValueError(f"scenario contracts is {contracts!r}; allowed: a tuple of {', '.join(CONTRACTS)}")


def _patterns(_scenario: object, _attribute: Attribute[Any], patterns: Any) -> None:
    if not isinstance(patterns, tuple) or not patterns or not all(isinstance(p, str) for p in patterns):
        raise ValueError(f"scenario targets is {patterns!r}; allowed: a tuple of name patterns such as 'asyncio.*'")


def _weight(_scenario: object, _attribute: Attribute[Any], weight: Any) -> None:
    if type(weight) not in (int, float) or not 0.1 <= weight <= 100:
        raise ValueError(f"scenario weight is {weight!r}; allowed: a number from 0.1 to 100")


def _callable(_scenario: object, _attribute: Attribute[Any], value: Any) -> None:
    if not callable(value):
        raise ValueError(f"scenario generate is {value!r}; allowed: a function (choices, target) that makes a Program")


def _profile(_scenario: object, _attribute: Attribute[Any], value: Any) -> None:
    if value is not None and not isinstance(value, Profile):
        raise ValueError(f"scenario profile is {value!r}; allowed: a Profile")


@frozen(kw_only=True, eq=False)
class Scenario:
    """A family of programs.

    Args:
        name: unique among the scenarios that are loaded together.
        description: one sentence.
        contracts: the contracts whose targets it is for.
        targets: patterns (as of `fnmatch`) of the names of those targets.
        profile: what the generator draws from; or else
        generate: makes a program itself, from choices and a target.
        legal: it stays within what the contract's documentation allows. What misbehaves outside of it is *interesting*
            at most, unless it kills the interpreter.
        weight: share of a campaign's runs, relative to the other scenarios.

    Raises:
        ValueError: neither or both of `profile` and `generate`, or a wrong value.
    """

    name: str = field(validator=_name)
    description: str
    contracts: tuple[str, ...] = field(validator=_contracts)
    targets: tuple[str, ...] = field(default=("*",), validator=_patterns)
    profile: Profile | None = field(default=None, validator=_profile)
    generate: Generate = field(validator=_callable)
    legal: bool = True
    weight: float = field(default=1, validator=_weight)

    @generate.default
    def _from_profile(self) -> Generate:
        if self.profile is None:
            raise ValueError(f"scenario {self.name!r} has neither a profile nor a generate function; give one of them")
        return partial(_generate_from, self.profile)

    def __attrs_post_init__(self) -> None:
        own = not (isinstance(self.generate, partial) and self.generate.func is _generate_from)
        if own and self.profile is not None:
            raise ValueError(f"scenario {self.name!r} has both a profile and a generate function; give one of them")

    def fits(self, target: Target) -> bool:
        """Whether the scenario is for this target, and leaves something of what that offers."""
        if target.contract not in self.contracts or not any(fnmatchcase(target.name, p) for p in self.targets):
            return False
        if self.profile is None or not (target.lacks or self.profile.links):
            return True
        return possible(self.profile, target)


def _generate_from(profile: Profile, choices: Choices, target: Target) -> Program:
    return generate(choices, profile, target)


def shipped_names() -> list[str]:
    """Names of the scenarios that come with futurefuzz: their files' names, sorted."""
    return [path.stem for path in _files_of(directory("scenarios"))]


def load_scenarios(selection: Sequence[str] = ()) -> dict[str, Scenario]:
    """Load scenarios.

    Args:
        selection: names of shipped scenarios, paths of scenario files (`.py`), and paths of folders of such files;
            empty for all that are shipped. Code is run from these places only: a name out of a token or corpus file
            must not be passed on as a path.

    Returns:
        Name -> scenario, in the order of the selection and of the file names in a folder.

    Raises:
        InputError: unknown, missing, raises on load, defines no `SCENARIO`, or a name that was loaded from elsewhere.
    """
    found: dict[str, tuple[Path, Scenario]] = {}
    for path in _selected(selection):
        scenario = _load(path)
        other = found.setdefault(scenario.name, (path, scenario))[0]
        if other != path:
            raise InputError(f"scenario {scenario.name!r} is defined in {other} and in {path}; rename one of them")
    return {name: scenario for name, (_, scenario) in found.items()}


def _selected(selection: Sequence[str]) -> Sequence[Path]:
    """The files to load, each once."""
    shipped = {path.stem: path for path in _files_of(directory("scenarios"))}
    if not selection:
        return list(shipped.values())
    paths: dict[Path, None] = {}
    for text in selection:
        if text in shipped:
            paths[shipped[text]] = None
            continue
        path = Path(text)
        if path.is_dir():
            files = _files_of(path.resolve())
            if not files:
                raise InputError(f"the folder {text} has no scenario files; allowed: *.py, each defining SCENARIO")
            paths.update(dict.fromkeys(files))
        elif path.is_file() and path.suffix == ".py":
            paths[path.resolve()] = None
        else:
            wrong = "is no .py file" if path.exists() else "does not exist"
            looks_like_path = path.exists() or path.suffix == ".py" or len(path.parts) > 1
            what = f"scenario file {text} {wrong}" if looks_like_path else f"unknown scenario {text!r}"
            raise InputError(f"{what}; allowed: {', '.join(shipped)}, a .py file, or a folder of them")
    return list(paths)


def _files_of(folder: Path) -> list[Path]:
    return sorted(path for path in folder.glob("*.py") if not path.name.startswith("_"))


def _load(path: Path) -> Scenario:
    """Run one scenario file under a module name that nobody else can import by accident."""
    name = f"futurefuzz-scenario:{path}"
    spec = importlib.util.spec_from_file_location(name, path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module  # dataclasses and attrs look their module up there
    try:
        spec.loader.exec_module(module)
        return _scenario_of(vars(module), path)
    except BaseException as error:
        del sys.modules[name]
        if isinstance(error, KeyboardInterrupt | InputError):
            raise
        # SystemExit included: a scenario must not end the campaign.
        raise InputError(
            f"scenario file {path}, line {_line(error, path)}: raised {type(error).__name__}: {_first_line(error)}; "
            "allowed: a Python file that defines SCENARIO = Scenario(...)"
        ) from error


def _scenario_of(defined: Mapping[str, object], path: Path) -> Scenario:
    try:
        scenario = defined["SCENARIO"]
    except KeyError:
        raise InputError(
            f"scenario file {path}, line 1: defines no SCENARIO; allowed: SCENARIO = Scenario(name=..., ...)"
        ) from None
    if not isinstance(scenario, Scenario):
        raise InputError(
            f"scenario file {path}, line 1: SCENARIO is of type {type(scenario).__name__}; "
            "allowed: a futurefuzz.programs.scenario.Scenario"
        )
    return scenario


def _line(error: BaseException, path: Path) -> int:
    """The line of the file in which the error arose; the last one that belongs to it."""
    if isinstance(error, SyntaxError) and error.filename == str(path):
        return error.lineno or 1
    frames = traceback.walk_tb(error.__traceback__)
    return next((line for frame, line in reversed(list(frames)) if frame.f_code.co_filename == str(path)), 1)


def _first_line(error: BaseException) -> str:
    return str(error).strip().partition("\n")[0] or "(no message)"
