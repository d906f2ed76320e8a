"""Finds the code objects of loaded modules: functions, methods, properties, closures, whatever wraps them.

Everything that has Python code and can be called is a function object somewhere, and the garbage collector knows all of
these. So nothing needs to be imported again, no import hook is needed, and decorators hide nothing.
"""

from __future__ import annotations

import gc
import importlib
import os
import sys
import weakref
from collections.abc import Iterable, Sequence
from types import CodeType, FunctionType, ModuleType
from typing import Any, Final

from futurefuzz.control import bytecode
from futurefuzz.errors import InputError

__all__ = ["Selection", "file_label", "file_labels", "functions"]

_OWN: Final = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))

#: what explorers and the points themselves call: a point inside would ask itself where to go
_NEVER: Final = frozenset({"random", "bisect", "weakref", "_weakrefset", "dis", "opcode", "collections", "types"})


class Selection:
    """Which files are meant.

    Args:
        modules: module objects; names of modules, a package meaning all of it; paths of files or of folders.

    Raises:
        InputError: there is no such module or file, it has no Python code, or it is one that a run itself rests on.
    """

    def __init__(self, modules: Iterable[str | ModuleType]) -> None:
        self._files: set[str] = set()
        self._folders: set[str] = set()
        self._answers: dict[str, bool] = {}
        for module in modules:
            self._add(module)

    def _add(self, module: str | ModuleType) -> None:
        if isinstance(module, str):
            if os.path.exists(module) and (os.sep in module or module.endswith(".py")):
                path = os.path.abspath(module)
                (self._folders if os.path.isdir(path) else self._files).add(path)
                return
            module = self._imported(module)
        name = module.__name__
        if name in _NEVER or name.partition(".")[0] == "futurefuzz":
            raise InputError(f"module {name!r} cannot be instrumented: controlled runs rest on it")
        file = getattr(module, "__file__", None)
        if file is None or not file.endswith(".py"):
            raise InputError(f"module {name!r} cannot be instrumented: it has no Python code")
        path = os.path.abspath(file)
        if os.path.basename(path) == "__init__.py":
            self._folders.add(os.path.dirname(path))
        else:
            self._files.add(path)

    def _imported(self, name: str) -> ModuleType:
        try:
            return importlib.import_module(name)
        except (ImportError, ValueError) as error:
            raise InputError(
                f"nothing to instrument at {name!r} ({error}); allowed: modules that can be imported, files, folders"
            ) from error

    def __contains__(self, code: CodeType) -> bool:
        """Whether a code object stands in one of the files."""
        return self._holds(code.co_filename)

    def _holds(self, name: str) -> bool:
        answer = self._answers.get(name)
        if answer is None:
            path = os.path.abspath(name)
            answer = self._answers[name] = (
                path in self._files or any(path.startswith(folder + os.sep) for folder in self._folders)
            ) and not path.startswith(_OWN + os.sep)
        return answer

    def codes(self) -> list[CodeType]:
        """The code objects of all functions that are loaded now, with those inside them; each once, in no order."""
        files = (frozenset(self._files), frozenset(self._folders))
        modules = [module for module in _modules() if self._holds(str(vars(module)["__file__"]))]
        known = _scans.get(files)
        if known is None or not known.still_holds(modules):
            if len(_scans) >= _SCANS_KEPT:
                _scans.clear()
            known = _scans[files] = _Scan(modules, self._scanned())
        return [code for reference in known.codes if (code := reference()) is not None]

    def _scanned(self) -> list[CodeType]:
        codes = [function.__code__ for function in functions()]
        chosen = {name for name in {code.co_filename for code in codes} if self._holds(name)}
        found = [code for code in codes if code.co_filename in chosen]
        return list({id(code): code for code in bytecode.nested(found)}.values())


def functions() -> list[FunctionType]:
    """All functions that are alive."""
    things = gc.get_objects()
    if not gc.is_tracked(functions):
        things = _within([sys.modules, *things])
    return [thing for thing in things if type(thing) is FunctionType]


def _within(things: list[Any]) -> list[Any]:
    """These, and what they refer to, and so on.

    CPython 3.13 without a GIL makes functions, classes and modules immortal when the first thread starts, and what is
    immortal its collector forgets: after that `gc.get_objects` knows closures, and of 3,500 functions no other.
    """
    seen: dict[int, Any] = {}
    while things:
        new = {id(thing): thing for thing in things if id(thing) not in seen}
        seen |= new
        things = gc.get_referents(*new.values())
    return list(seen.values())


class _Scan:
    """What the collector knew of some files.

    To ask it again costs 5 ms and more. It is not asked again as long as the same modules are loaded from these files,
    executed once (a reload gives them another `__spec__`), and hold no function that it did not know.
    """

    def __init__(self, modules: Iterable[ModuleType], codes: Iterable[CodeType]) -> None:
        self.codes = [weakref.ref(code) for code in codes]
        self._modules = [(weakref.ref(module), module.__spec__) for module in modules]
        self._known = {id(code): reference for code, reference in zip(codes, self.codes, strict=True)}

    def still_holds(self, modules: Sequence[ModuleType]) -> bool:
        """Whether nothing was added since."""
        return len(modules) == len(self._modules) and all(
            reference() is module and spec is module.__spec__ and (_is_librarys(module) or self._knows(module))
            for (reference, spec), module in zip(self._modules, modules, strict=True)
        )

    def _knows(self, module: ModuleType) -> bool:
        for value in list(vars(module).values()):
            if isinstance(value, type) and getattr(value, "__module__", None) == module.__name__:
                if not all(self._has(part, module) for part in list(vars(value).values())):
                    return False
            elif not self._has(value, module):
                return False
        return True

    def _has(self, value: object, module: ModuleType) -> bool:
        if type(value) is not FunctionType or value.__code__.co_filename != module.__file__:
            return True
        reference = self._known.get(id(value.__code__))
        return reference is not None and reference() is value.__code__


#: by files and folders, for explorations that follow one another in a process, as in a test run
_scans: Final[dict[tuple[frozenset[str], frozenset[str]], _Scan]] = {}
_SCANS_KEPT: Final = 16


def _modules() -> list[ModuleType]:
    """The loaded modules that have a file."""
    return [
        module
        for module in list(sys.modules.values())
        if type(module) is ModuleType and isinstance(vars(module).get("__file__"), str)
    ]


def _is_librarys(module: ModuleType) -> bool:
    return module.__name__.partition(".")[0] in sys.stdlib_module_names


def file_labels() -> dict[str, str]:
    """File -> what stands for it in the names of places, for all modules that are loaded: no machine's paths."""
    found: dict[str, str] = {}
    for name, module in list(sys.modules.items()):
        if type(module) is not ModuleType or name != module.__name__ or name == "__main__":
            continue
        file = vars(module).get("__file__")
        if isinstance(file, str):
            found[file] = "/".join(name.split(".")) + ("/__init__.py" if file.endswith("__init__.py") else ".py")
    return found


def file_label(file: str, known: dict[str, str]) -> str:
    """What stands for a file: `asyncio/futures.py` for a module's, the bare name for any other."""
    return known.get(file) or file.replace("\\", "/").rpartition("/")[2]
