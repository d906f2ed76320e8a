"""JSON for programs and schedules, strict enough for text that a stranger wrote.

What is read here becomes plain data or an `InputError` with the JSON path; nothing that a file names is imported or
run. Defaults are left out when writing, unknown keys are refused when reading, numbers are not taken for text nor text
for numbers, and every list, text and number has a bound, so that no file can make the process large or slow.

`cattrs` does the mapping. Its own list of errors is turned into one line about the first of them, because a damaged
file has one cause and a person reads one line.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Collection
from typing import Any, Final, TypeVar, get_args, get_origin

from attrs import fields, has
from cattrs import Converter, IterableValidationError
from cattrs.errors import BaseValidationError, ClassValidationError, ForbiddenExtraKeysError, IterableValidationNote
from cattrs.gen import make_dict_structure_fn, override

from futurefuzz.errors import InputError
from futurefuzz.programs.operations import ARGUMENTS, HOOK_KINDS, OPERATIONS, VIAS
from futurefuzz.programs.program import Actor, Hook, Operation, Program, Switch

__all__ = [
    "LIMIT_ITEMS",
    "LIMIT_NUMBER",
    "LIMIT_TEXT",
    "describe",
    "make_converter",
    "one_of",
    "parse",
    "program_from_json",
    "program_to_json",
    "schedule_from_json",
    "schedule_to_json",
    "structure",
]

LIMIT_ITEMS: Final = 10_000
LIMIT_NUMBER: Final = 1_000_000_000
LIMIT_TEXT: Final = 10_000

T = TypeVar("T")
StructureHook = Callable[[Any, Any], Any]


def program_to_json(program: Program) -> dict[str, Any]:
    """The program as JSON data, without what is at its default."""
    return _object(_converter.unstructure(program))


def program_from_json(value: object, where: str = "program") -> Program:
    """The program that JSON data describes.

    Args:
        value: as `program_to_json` made it.
        where: what an error begins with: a file name, or `token`.

    Returns:
        A program within the bounds of `program.py`.

    Raises:
        InputError: it describes none; the text names the JSON path and what is allowed.
    """
    return structure(_converter, value, Program, where)


def schedule_to_json(schedule: Collection[Switch]) -> list[dict[str, Any]]:
    """The schedule as JSON data."""
    return [_object(_converter.unstructure(switch)) for switch in schedule]


def schedule_from_json(value: object, where: str = "schedule") -> tuple[Switch, ...]:
    """The schedule that JSON data describes; arguments and errors as in `program_from_json`."""
    return structure(_converter, value, tuple[Switch, ...], where)


def _object(value: Any) -> dict[str, Any]:
    assert isinstance(value, dict)
    return value


# ---- reading text ---------------------------------------------------------------------------------------------------


def parse(text: str | bytes, where: str) -> Any:
    """JSON text as data, refusing what JSON does not have (NaN, a key twice) and what would not end (deep nesting).

    Raises:
        InputError: it is not JSON in UTF-8; the text names line and column.
    """
    try:
        if isinstance(text, bytes):
            text = text.decode("utf-8")
        return json.loads(text, parse_constant=_no_constant, object_pairs_hook=_no_twins)
    except UnicodeDecodeError as error:
        raise InputError(f"{where}: byte {error.start} is not UTF-8; allowed: JSON in UTF-8") from None
    except json.JSONDecodeError as error:
        place = f"line {error.lineno} column {error.colno}"
        raise InputError(f"{where}: not JSON at {place}: {error.msg}; was the text cut or edited?") from None
    except RecursionError:
        raise InputError(f"{where}: nested too deeply; allowed: what futurefuzz writes") from None
    except ValueError as error:  # ours from the hooks, and Python's own on a number of thousands of digits
        raise InputError(f"{where}: not JSON: {_one_line(str(error))}") from None


def _no_constant(name: str) -> object:
    raise ValueError(f"{name} is not a JSON number")


def _no_twins(pairs: list[tuple[str, object]]) -> dict[str, object]:
    found = dict(pairs)
    if len(found) != len(pairs):
        keys = [key for key, _ in pairs]
        twin = next(key for key in keys if keys.count(key) > 1)
        raise ValueError(f"key {describe(twin)} stands twice in one object")
    return found


# ---- data to objects ------------------------------------------------------------------------------------------------


def structure(converter: Converter, value: object, kind: type[T], where: str) -> T:
    """Make a `kind` of JSON data.

    Args:
        converter: from `make_converter`.
        value: what `parse` returned.
        kind: the class to make.
        where: what an error begins with: a file name, or `token`.

    Raises:
        InputError: with the JSON path of the first thing that is wrong, and what is allowed there.
    """
    try:
        return converter.structure(value, kind)
    except Exception as error:
        path, text = _first(error, "$")
        raise InputError(f"{where}: {path}: {text}") from None


def make_converter(choices: dict[type, dict[str, StructureHook]] | None = None) -> Converter:
    """A converter with the strictness of this module.

    Args:
        choices: for each class the attributes that are read by a hook of their own, such as `one_of(...)`; those of
            programs are always there.

    Returns:
        A new converter; the caller may add hooks for further types.
    """
    converter = Converter(omit_if_default=True, forbid_extra_keys=True, detailed_validation=True)
    special = {**_choices, **(choices or {})}

    def make_object(cl: Any) -> StructureHook:
        hooks: dict[str, Any] = {name: override(struct_hook=hook) for name, hook in special.get(cl, {}).items()}
        make: Any = make_dict_structure_fn(cl, converter, _cattrs_forbid_extra_keys=True, **hooks)
        names = [attribute.name for attribute in fields(cl)]

        def to_object(value: Any, kind: Any) -> Any:
            if not isinstance(value, dict):
                raise ValueError(f"expected an object with {', '.join(names)}, not {describe(value)}")
            return make(value, kind)

        return to_object

    def make_tuple(cl: Any) -> StructureHook:
        item = get_args(cl)[0]

        def to_tuple(value: Any, kind: Any) -> Any:
            if not isinstance(value, list):
                raise ValueError(f"expected a list, not {describe(value)}")
            if len(value) > LIMIT_ITEMS:
                raise ValueError(f"at most {LIMIT_ITEMS} items are allowed, not {len(value)}")
            hook = converter.get_structure_hook(item)
            found = []
            for index, element in enumerate(value):
                try:
                    found.append(hook(element, item))
                except Exception as error:
                    error.add_note(IterableValidationNote(f"item {index}", index, item))
                    raise IterableValidationError("items", [error], kind) from None
            return tuple(found)

        return to_tuple

    converter.register_structure_hook(str, _text)
    converter.register_structure_hook(int, _integer)
    converter.register_structure_hook(bool, _flag)
    converter.register_structure_hook_factory(has, make_object)
    converter.register_structure_hook_factory(_is_list_of_one_kind, make_tuple)
    return converter


def one_of(what: str, allowed: Collection[str], *, or_none: bool = False) -> StructureHook:
    """A hook that takes only the given words, or null where `or_none` says so; the error lists them."""

    def choose(value: Any, _kind: Any) -> str | None:
        if isinstance(value, str) and value in allowed:
            return value
        if value is None and or_none:
            return None
        shown = repr(value) if isinstance(value, str) and len(value) <= 60 and value.isprintable() else describe(value)
        raise ValueError(f"unknown {what} {shown}; allowed: {', '.join(allowed)}")

    return choose


def _is_list_of_one_kind(cl: Any) -> bool:
    return get_origin(cl) is tuple and len(get_args(cl)) == 2 and get_args(cl)[1] is Ellipsis


def _text(value: Any, _kind: Any) -> str:
    """Text that can be printed: a stranger's file must not send control characters to somebody's terminal."""
    if not isinstance(value, str):
        raise ValueError(f"expected text, not {describe(value)}")
    if len(value) > LIMIT_TEXT:
        raise ValueError(f"at most {LIMIT_TEXT} characters are allowed, not {len(value)}")
    if not value.isprintable():
        raise ValueError(f"{describe(value)} has characters that cannot be printed; allowed: printable text")
    return value


def _integer(value: Any, _kind: Any) -> int:
    if not isinstance(value, int) or isinstance(value, bool):
        raise ValueError(f"expected a whole number, not {describe(value)}")
    if abs(value) > LIMIT_NUMBER:
        raise ValueError(f"expected a number from -{LIMIT_NUMBER} to {LIMIT_NUMBER}, not one that large")
    return value


def _flag(value: Any, _kind: Any) -> bool:
    if not isinstance(value, bool):
        raise ValueError(f"expected true or false, not {describe(value)}")
    return value


# ---- errors ---------------------------------------------------------------------------------------------------------


def describe(value: object) -> str:
    """A value in a few printable words, however large, deep or hostile it is."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return f"the number {value}" if abs(value) <= LIMIT_NUMBER else "a very large number"
    if isinstance(value, float):
        return f"the number {value!r}"
    if isinstance(value, str):
        return ascii(value) if len(value) <= 60 else f"{value[:60]!a}… ({len(value)} characters)"
    if isinstance(value, dict):
        return "an object"
    return "a list" if isinstance(value, list) else f"a {type(value).__name__}"


def _first(error: BaseException, path: str) -> tuple[str, str]:
    """JSON path and text of the first leaf in cattrs' tree of errors."""
    if isinstance(error, IterableValidationError):
        items, others = error.group_exceptions()
        if items:
            inner, note = items[0]
            return _first(inner, f"{path}[{note.index}]")
        return _first(others[0], path)
    if isinstance(error, ClassValidationError):
        # an unknown key comes first: it is most often the misspelt name of the one that is then missing
        attributes, rest = error.group_exceptions()
        for other in rest:
            if isinstance(other, ForbiddenExtraKeysError):
                return _first(other, path)
        if attributes:
            fault, place = attributes[0]
            if isinstance(fault, KeyError):  # cattrs looks a required key up without asking first
                return path, f"key {place.name!r} is missing"
            return _first(fault, f"{path}.{place.name}")
        return _first(rest[0], path)
    if isinstance(error, BaseValidationError):
        return _first(error.exceptions[0], path)
    if isinstance(error, ForbiddenExtraKeysError):
        key = min(error.extra_fields)
        names = ", ".join(attribute.name for attribute in fields(error.cl))
        return path, f"unknown key {describe(key)}; allowed: {names}"
    text = _one_line(str(error))
    if text.startswith("$."):  # the constructor of Program names places from its own root
        relative, _, text = text.partition(" ")
        return path + relative[1:], text
    return path, text


def _one_line(text: str) -> str:
    return " ".join(text.split())


_arguments: Final = tuple(dict.fromkeys(word for words in ARGUMENTS.values() for word in words if word is not None))

_choices: Final[dict[type, dict[str, StructureHook]]] = {
    Operation: {
        "name": one_of("operation", OPERATIONS),
        "argument": one_of("argument", _arguments, or_none=True),
        "via": one_of("via", VIAS),
    },
    Hook: {"kind": one_of("hook kind", HOOK_KINDS)},
    Actor: {"kind": one_of("actor kind", ("thread", "task"))},
}

_converter: Final = make_converter()
