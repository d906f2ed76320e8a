"""What values and exceptions are called in a history, so that two runs of one program can be compared."""

from __future__ import annotations

from futurefuzz.runs.callouts import Value
from futurefuzz.runs.planned import Planned

__all__ = ["label_of"]


def label_of(what: object) -> str:
    """The label of what a call returned or raised; `history.Outcome` lists what there is."""
    if what is None or what is True or what is False:
        return str(what)
    if isinstance(what, (Value, Planned)):
        return what.label
    if isinstance(what, int):
        return str(int(what))
    if isinstance(what, str):
        return "str"
    if isinstance(what, BaseException):
        label = getattr(what, "label", None)
        if isinstance(label, str):
            return label
        name = type(what).__name__
        if isinstance(what, BaseExceptionGroup):
            return f"{name}[{', '.join(map(label_of, what.exceptions))}]"
        message = what.args[0] if what.args else None
        if isinstance(message, str) and message[:2] == "e:":
            return message  # one of the library's own classes, made by the program
        return f"{name}({message})" if isinstance(message, str) and message[:2] == "m:" else name
    if type(what) is list:  # what a compound makes of its children
        return f"[{', '.join(map(label_of, what))}]"
    return f"?{type(what).__name__}"
