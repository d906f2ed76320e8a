"""JSON for cases and findings, with the number of its format, so that a later version can tell what it reads."""

from __future__ import annotations

from typing import Any, Final

from futurefuzz.errors import InputError
from futurefuzz.findings.finding import Case, Finding
from futurefuzz.programs.codec import LIMIT_TEXT, describe, make_converter, one_of, structure

__all__ = [
    "CONVERTER",
    "FORMAT",
    "MODELS",
    "case_from_json",
    "case_to_json",
    "check_format",
    "finding_from_json",
    "finding_to_json",
]

#: version of the JSON of cases and findings; raised when an older futurefuzz would misread it
FORMAT: Final = 1

#: preemption models that this version can replay
MODELS: Final = ("operation",)


def case_to_json(case: Case) -> dict[str, Any]:
    """The case as JSON data, without what is at its default."""
    return {"format": FORMAT, **CONVERTER.unstructure(case)}


def case_from_json(value: object, where: str = "case") -> Case:
    """The case that JSON data describes.

    Args:
        value: as `case_to_json` made it.
        where: what an error begins with: a file name, or `token`.

    Raises:
        InputError: damaged, or of a foreign format; the text names the JSON path and what is allowed.
    """
    return structure(CONVERTER, check_format(value, where), Case, where)


def finding_to_json(finding: Finding) -> dict[str, Any]:
    """The finding as JSON data, without what is at its default."""
    return {"format": FORMAT, **CONVERTER.unstructure(finding)}


def finding_from_json(value: object, where: str = "finding") -> Finding:
    """The finding that JSON data describes; arguments and errors as in `case_from_json`."""
    return structure(CONVERTER, check_format(value, where), Finding, where)


def check_format(value: object, where: str) -> dict[str, Any]:
    """The object without its `format`, which must be ours.

    It is looked at before all else: what a foreign version wrote would otherwise be reported as damage.

    Raises:
        InputError: not an object, without a format, or of another one.
    """
    if not isinstance(value, dict):
        raise InputError(f"{where}: $: expected an object with its format, not {describe(value)}")
    if "format" not in value:
        raise InputError(f"{where}: $: key 'format' is missing; allowed: {FORMAT}")
    number = value["format"]
    if isinstance(number, bool) or number != FORMAT or not isinstance(number, int):
        hint = "; a newer futurefuzz wrote it" if isinstance(number, int) and number > FORMAT else ""
        raise InputError(f"{where}: $.format: unknown format {describe(number)}{hint}; allowed: {FORMAT}")
    return {key: item for key, item in value.items() if key != "format"}


def _analysis(value: Any, _kind: Any) -> str | None:
    """A person's notes: lines of printable text, the one place where a line break makes sense."""
    if value is None:
        return None
    if not isinstance(value, str):
        raise ValueError(f"expected text or null, not {describe(value)}")
    if len(value) > LIMIT_TEXT:
        raise ValueError(f"at most {LIMIT_TEXT} characters are allowed, not {len(value)}")
    if not all(line.isprintable() for line in value.split("\n")):
        raise ValueError(f"{describe(value)} has characters that cannot be printed; allowed: lines of printable text")
    return value


#: for classes that hold cases
CONVERTER: Final = make_converter(
    {
        Case: {"model": one_of("model", MODELS)},
        Finding: {"grade": one_of("grade", ("forbidden", "interesting")), "analysis": _analysis},
    }
)
