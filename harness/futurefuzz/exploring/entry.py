"""What is explored: a script, or one function or method of a file, found and run without any change to it.

Each run executes the file's code anew, so that its locks, queues and global state are the run's own. Modules that it
imports stay loaded.
"""

from __future__ import annotations

import hashlib
import inspect
import os
import sys
import unittest
from collections.abc import Callable
from pathlib import Path
from types import CodeType, ModuleType
from typing import Any, Final

from attrs import frozen

from futurefuzz.errors import InputError
from futurefuzz.exploring.api import as_body

__all__ = ["LARGEST", "Entry", "Loaded", "load", "named"]

#: bytes that a script may have
LARGEST: Final = 10_000_000
_MODULE: Final = "__futurefuzz_explored__"


@frozen(kw_only=True)
class Entry:
    """What the user named.

    Args:
        path: of the file, as given.
        names: of the function, or of the class and its method; empty for the script itself.
        arguments: of the script.
    """

    path: str
    names: tuple[str, ...] = ()
    arguments: tuple[str, ...] = ()

    def __str__(self) -> str:
        return "::".join([self.path, *self.names])

    @property
    def portable(self) -> str:
        """As a token names it: below this folder, else by the file's name alone, for use in the file's own folder."""
        inside = os.path.relpath(self.path)
        path = Path(self.path).name if inside.startswith(os.pardir) or os.path.isabs(inside) else inside
        return "::".join([Path(path).as_posix(), *self.names])

    @property
    def folder(self) -> str:
        """Where the token is to be replayed, when that is not here; else empty."""
        return os.path.dirname(self.path) if os.path.relpath(self.path).startswith(os.pardir) else ""


@frozen(kw_only=True)
class Loaded:
    """An entry with the file's content.

    Args:
        entry: what was named.
        digest: of the content.
        code: compiled.
    """

    entry: Entry
    digest: str
    code: CodeType

    def body(self) -> Callable[[], object]:
        """What one run executes."""
        return self._script if not self.entry.names else self._function

    def prepare(self) -> None:
        """Make the process look as if Python had started the file."""
        path = os.path.abspath(self.entry.path)
        folder = os.path.dirname(path)
        if folder not in sys.path:
            sys.path.insert(0, folder)
        sys.argv = [self.entry.path, *self.entry.arguments]

    def _module(self, name: str) -> ModuleType:
        module = ModuleType(name)
        module.__file__ = os.path.abspath(self.entry.path)
        sys.modules[name] = module
        exec(self.code, module.__dict__)  # noqa: S102  # the user's own file is what is to be run
        return module

    def _script(self) -> object:
        self._module("__main__")
        return None

    def _function(self) -> object:
        found: Any = self._module(_MODULE)
        owner: Any = None
        for name in self.entry.names:
            owner, found = found, getattr(found, name, None)
            if found is None:
                raise InputError(f"{self.entry}: there is no {name!r} in {self.entry.path}")
        if inspect.isclass(owner) and issubclass(owner, unittest.TestCase):
            owner(self.entry.names[-1]).debug()
            return None
        if inspect.isclass(owner) and not isinstance(inspect.getattr_static(owner, self.entry.names[-1]), staticmethod):
            instance = owner()
            return _with_setup(instance, getattr(instance, self.entry.names[-1]), str(self.entry))
        return _call(found, str(self.entry))


def _with_setup(instance: Any, method: Callable[[], Any], what: str) -> object:
    for name in ("setup_method", "setUp"):
        if hasattr(instance, name):
            getattr(instance, name)(*([method] if name == "setup_method" and _takes_one(instance.setup_method) else []))
    try:
        return _call(method, what)
    finally:
        for name in ("teardown_method", "tearDown"):
            if hasattr(instance, name):
                after = getattr(instance, name)
                after(*([method] if name == "teardown_method" and _takes_one(after) else []))


def _takes_one(function: Callable[..., Any]) -> bool:
    return len(inspect.signature(function).parameters) == 1


def _call(function: Any, what: str) -> object:
    if not callable(function):
        raise InputError(f"{what}: is a {type(function).__name__}; allowed: a function or a method")
    parameters = inspect.signature(function).parameters.values()
    optional = (inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD)
    required = [each.name for each in parameters if each.default is each.empty and each.kind not in optional]
    if required:
        raise InputError(f"{what}: takes {', '.join(required)}; allowed: functions without arguments and fixtures")
    return as_body(function)()


def named(text: str, arguments: tuple[str, ...] = ()) -> Entry:
    """The entry of `script.py`, `test_file.py::test_name` or `test_file.py::TestClass::test_name`.

    Raises:
        InputError: it has another form.
    """
    path, *names = text.split("::")
    if not path or len(names) > 2 or not all(name.isidentifier() for name in names):
        raise InputError(f"{text!r}: allowed: SCRIPT.py, FILE.py::FUNCTION, FILE.py::CLASS::METHOD")
    if names and arguments:
        raise InputError(f"{text}: a function takes no arguments; allowed with a script: {path} {' '.join(arguments)}")
    return Entry(path=path, names=tuple(names), arguments=arguments)


def load(entry: Entry) -> Loaded:
    """Read and compile the file.

    Raises:
        InputError: it is not there, cannot be read, is too large, or is no Python.
    """
    path = Path(entry.path)
    if path.is_dir():
        raise InputError(f"{path}: is a folder; allowed: a Python file")
    try:
        with path.open("rb") as stream:
            source = stream.read(LARGEST + 1)
    except FileNotFoundError:
        raise InputError(f"{path}: there is no such file") from None
    except (OSError, ValueError) as error:
        raise InputError(f"{path}: cannot be read: {getattr(error, 'strerror', None) or error}") from None
    if len(source) > LARGEST:
        raise InputError(f"{path}: is larger than {LARGEST} bytes")
    try:
        code = compile(source, os.path.abspath(path), "exec", dont_inherit=True)
    except (SyntaxError, ValueError) as error:
        line = getattr(error, "lineno", None)
        where = f"{path}:{line}" if line else f"{path}"
        said = error.msg if isinstance(error, SyntaxError) else str(error)
        raise InputError(f"{where}: is no Python {sys.version_info[0]}.{sys.version_info[1]}: {said}") from None
    return Loaded(entry=entry, digest=hashlib.sha256(source).hexdigest(), code=code)
