"""Finds the code objects of loaded modules: functions, methods, properties, closures, whatever wraps them.

Everything that has Python code and can be called is a function object somewhere, and the garbage collector knows all of
these. So nothing needs to be imported again, no import hook is needed, and decorators hide nothing.
"""

from __future__ import annotations

import gc
import importlib
import os
import sys
from collections.abc import Iterable
from types import CodeType, FunctionType, ModuleType
from typing import Final

from futurefuzz.control import bytecode
from futurefuzz.errors import InputError

__all__ = ["Selection", "file_label", "file_labels"]

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
        name = code.co_filename
        answer = self._answers.get(name)
        if answer is None:
            path = os.path.abspath(name)
            answer = self._answers[name] = (
                path in self._files or any(path.startswith(folder + os.sep) for folder in self._folders)
            ) and not path.startswith(_OWN + os.sep)
        return answer

    def codes(self) -> list[CodeType]:
        """The code objects of all functions that are loaded now, with those inside them; each once, in no order."""
        found = [
            thing.__code__
            for thing in gc.get_objects()
            if type(thing) is FunctionType and thing.__code__ in self
        ]
        unique = {id(code): code for code in bytecode.nested(found)}
        return list(unique.values())


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
