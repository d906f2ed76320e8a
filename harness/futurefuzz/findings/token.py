"""Tokens: a case and its signature as one line of text that `futurefuzz replay` takes.

    ff1.eNqtk1FvgjAUhf8KuXuVZIBA5c1lbtmDZoku....1c291ca3
    ^   ^ base64url of zlib of compact JSON      ^ checksum of the part in the middle

The checksum tells a token that was cut or edited from one that is wrong. A token may come from a stranger: it is data
of a bounded size that names operations, targets and scenarios; reading it imports and runs nothing, and whether a name
is registered is asked only when it is replayed.
"""

from __future__ import annotations

import json
import re
import zlib
from base64 import urlsafe_b64decode, urlsafe_b64encode
from binascii import Error as Base64Error
from typing import Final

from attrs import frozen

from futurefuzz.errors import InputError
from futurefuzz.findings.codec import CONVERTER, FORMAT, check_format
from futurefuzz.findings.finding import Case
from futurefuzz.programs.codec import describe, parse, structure

__all__ = ["LIMIT_JSON", "LIMIT_TOKEN", "decode", "encode", "is_token"]

#: most characters of a token, and most bytes of JSON inside it: the longest schedule of the largest program fits
LIMIT_TOKEN: Final = 1 << 20
LIMIT_JSON: Final = 1 << 22

_PREFIX: Final = f"ff{FORMAT}"
_SHAPE: Final = re.compile(r"ff(\d{1,9})\.([A-Za-z0-9_-]+={0,2})\.([0-9a-f]{8})")
_WHERE: Final = "token"


@frozen(kw_only=True)
class _Payload:
    signature: str
    case: Case


def encode(case: Case, signature: str) -> str:
    """The token of a case that showed a finding with that signature; the same arguments give the same token."""
    payload = CONVERTER.unstructure(_Payload(signature=signature, case=case))
    text = json.dumps({"format": FORMAT, **payload}, separators=(",", ":"), allow_nan=False)
    body = urlsafe_b64encode(zlib.compress(text.encode("ascii"), 9)).decode("ascii").rstrip("=")
    return f"{_PREFIX}.{body}.{_checksum(body)}"


def is_token(text: str) -> bool:
    """Whether the text is meant as a token rather than as the name of a file."""
    return re.match(r"\s*ff\d{1,9}\.[A-Za-z0-9_-]{8}", text) is not None


def decode(text: str) -> tuple[Case, str]:
    """The case and the signature in a token.

    Args:
        text: the token; white space around it is ignored.

    Raises:
        InputError: cut, edited, of a foreign format, too large, or not a token at all.
    """
    text = text.strip()
    if len(text) > LIMIT_TOKEN:
        raise InputError(f"{_WHERE}: {len(text)} characters are too many; allowed: {LIMIT_TOKEN}")
    if re.search(r"\s", text):
        raise InputError(f"{_WHERE}: white space inside; was it wrapped by a terminal? allowed: one unbroken line")
    version = re.match(r"ff(\d{1,9})\.", text)
    if version is None:
        raise InputError(f"{_WHERE}: {describe(text)} is no token; allowed: {_PREFIX}.DATA.CHECKSUM")
    if version[1] != str(FORMAT):
        hint = "; a newer futurefuzz wrote it" if int(version[1]) > FORMAT else ""
        raise InputError(f"{_WHERE}: unknown format ff{version[1]}{hint}; allowed: {_PREFIX}")
    shape = _SHAPE.fullmatch(text)
    if shape is None:
        raise InputError(f"{_WHERE}: it does not end in a checksum; was it cut? allowed: {_PREFIX}.DATA.CHECKSUM")
    body, checksum = shape[2], shape[3]
    if _checksum(body) != checksum:
        raise InputError(f"{_WHERE}: checksum {checksum} does not match; was it cut or edited? copy the whole line")
    payload = structure(CONVERTER, check_format(parse(_unpack(body), _WHERE), _WHERE), _Payload, _WHERE)
    return payload.case, payload.signature


def _checksum(body: str) -> str:
    return f"{zlib.crc32(body.encode('ascii')):08x}"


def _unpack(body: str) -> bytes:
    """The JSON inside, never more than `LIMIT_JSON` of it: a few bytes can unpack to gigabytes."""
    unpacker = zlib.decompressobj()
    try:
        packed = urlsafe_b64decode(body + "=" * (-len(body) % 4))
        plain = unpacker.decompress(packed, LIMIT_JSON + 1)
    except (Base64Error, zlib.error) as error:
        raise InputError(f"{_WHERE}: cannot be unpacked: {error}; allowed: what futurefuzz writes") from None
    if len(plain) > LIMIT_JSON:
        raise InputError(f"{_WHERE}: unpacks to too much; allowed: {LIMIT_JSON} bytes")
    if not unpacker.eof or unpacker.unused_data:
        raise InputError(f"{_WHERE}: cannot be unpacked: cut, or something follows; allowed: what futurefuzz writes")
    return plain
