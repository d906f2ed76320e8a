"""An atheris fuzz target: libFuzzer's bytes become a program and a schedule, guided by coverage of the code under test.

    python -m futurefuzz.atheris_target [--target NAME] [--scenario NAME|PATH] [--instrument MODULE] [libFuzzer options]

The bytes are decoded by the same generator as everywhere: first the program, then the preemptions of its run. The
Python code of the target is instrumented function by function and in place, because it was imported long before; that
has nothing to tell about an implementation in C, for which a campaign is the better tool. A run that breaks the
contract raises, libFuzzer writes the input that did it, and the message holds the token for `futurefuzz replay`. Known
bugs (`corpus/known.toml`) are passed over, or libFuzzer would stop at the same one every time.
"""

from __future__ import annotations

import argparse
import importlib
import inspect
import shlex
import sys
from collections.abc import Iterator, Sequence
from functools import partial
from types import FunctionType, ModuleType
from typing import Any, Final

from futurefuzz.campaign.loading import is_reference, load_targets
from futurefuzz.checking import check_under
from futurefuzz.errors import FuturefuzzError, InputError
from futurefuzz.programs.choices import BytesChoices
from futurefuzz.programs.scenario import Scenario, load_scenarios
from futurefuzz.programs.schedule import Preemptions, drawn_preemptions
from futurefuzz.targets.base import Target

__all__ = ["functions_of", "main", "modules_of", "one_input"]

#: where the Python implementations of the standard library are
LIBRARY: Final = ("asyncio.futures", "asyncio.tasks", "concurrent.futures._base")


def one_input(data: bytes, target: Target, scenarios: Sequence[Scenario]) -> None:
    """Run what the bytes say, once.

    Args:
        data: first which scenario, then the program, then the schedule.
        target: what it runs on.
        scenarios: one or more that fit the target.

    Raises:
        BrokenContract: the run broke the contract in a forbidden way.
    """
    choices = BytesChoices(data)
    scenario = choices.pick(scenarios)
    program = scenario.generate(choices, target)
    check_under(program, target, Preemptions(lambda: drawn_preemptions(choices)), scenario=scenario.name)


def modules_of(target: Target) -> list[str]:
    """Names of the modules whose code makes up the target, as far as its adapter shows: what it names is looked up."""
    names = dict.fromkeys(LIBRARY)
    makers: list[Any] = [target.new_future, target.task_class]
    for maker in makers:
        if isinstance(maker, FunctionType):
            names[maker.__module__] = None
            makers += [maker.__globals__.get(name) for name in maker.__code__.co_names]
        elif isinstance(maker, type):
            names[maker.__module__] = None
    return [name for name in names if not name.startswith(("futurefuzz.", "builtins", "_"))]


def functions_of(module: ModuleType) -> Iterator[FunctionType]:
    """The functions and methods that a module defines, those behind properties and decorators included."""
    seen: set[int] = set()
    waiting: list[object] = list(vars(module).values())
    while waiting:
        found = waiting.pop()
        if id(found) in seen or getattr(found, "__module__", module.__name__) != module.__name__:
            continue
        seen.add(id(found))
        if isinstance(found, FunctionType):
            yield found
        elif isinstance(found, staticmethod | classmethod):
            waiting.append(found.__func__)
        elif isinstance(found, property):
            waiting += [found.fget, found.fset, found.fdel]
        elif inspect.isclass(found):
            waiting += vars(found).values()


def main(arguments: Sequence[str] | None = None) -> int:
    """Fuzz until libFuzzer has had enough; see the module's own text for the arguments.

    Returns:
        An exit code, for wrong input only: libFuzzer ends the process itself.
    """
    arguments = sys.argv[1:] if arguments is None else list(arguments)
    parser = argparse.ArgumentParser(
        prog="python -m futurefuzz.atheris_target", description=(__doc__ or "").partition("\n")[0], allow_abbrev=False
    )
    parser.add_argument("--target", default="asyncio.PyFuture", help="name, or module:attribute; %(default)s")
    parser.add_argument("--scenario", action="append", default=[], help="name or path; default: all that fit")
    parser.add_argument("--instrument", action="append", default=[], help="a further module to watch the coverage of")
    options, rest = parser.parse_known_args(arguments)
    try:
        atheris = _atheris()
        named = [options.target]
        (target,) = (load_targets((), named) if is_reference(options.target) else load_targets(named, ())).values()
        scenarios = [s for s in load_scenarios(options.scenario).values() if s.fits(target)]
        if not scenarios:
            chosen = ", ".join(options.scenario)
            raise InputError(f"no scenario of {chosen} is for target {target.name}; see futurefuzz list")
        modules = [_module(name) for name in [*modules_of(target), *options.instrument]]
    except FuturefuzzError as error:
        sys.stderr.write(f"error: {error}\n")
        return 2
    for module in modules:
        for function in functions_of(module):
            atheris.instrument_func(function)
    # libFuzzer starts itself again by this text, through a shell (`-jobs=N`, `-minimize_crash=1`).
    ours = [argument for argument in arguments if argument not in rest]
    again = shlex.join([sys.executable, "-m", "futurefuzz.atheris_target", *ours])
    atheris.Setup([again, *rest], partial(one_input, target=target, scenarios=scenarios))
    atheris.Fuzz()
    return 0


def _atheris() -> Any:
    try:
        import atheris
    except ModuleNotFoundError:
        raise InputError(
            "futurefuzz.atheris_target needs atheris, which is not installed; pip install 'futurefuzz[atheris]' "
            "(Linux on x86-64, Python 3.12 to 3.14)"
        ) from None
    return atheris


def _module(name: str) -> ModuleType:
    try:
        return importlib.import_module(name)
    except ImportError as error:
        raise InputError(f"--instrument {name}: {error}; allowed: a module that can be imported") from None


if __name__ == "__main__":
    sys.exit(main())
