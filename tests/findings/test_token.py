from __future__ import annotations

import json
import subprocess
import sys
import tracemalloc
import zlib
from base64 import urlsafe_b64encode
from pathlib import Path
from typing import Any

import pytest
from attrs import evolve
from hypothesis import given
from hypothesis import strategies as st

from futurefuzz.errors import InputError
from futurefuzz.findings.codec import case_to_json
from futurefuzz.findings.finding import Case
from futurefuzz.findings.token import LIMIT_JSON, LIMIT_TOKEN, decode, encode, is_token
from tests.findings.samples import CASE, cases

SIGNATURE = "asyncio.Future:A7:callback lost"
TOKEN = encode(CASE, SIGNATURE)
NEWER = "; a newer futurefuzz wrote it"


def forged(data: bytes, version: str = "ff1") -> str:
    """A token with a right checksum around whatever bytes."""
    body = urlsafe_b64encode(data).decode().rstrip("=")
    return f"{version}.{body}.{zlib.crc32(body.encode()):08x}"


def forged_json(value: Any) -> str:
    """A token with a right checksum around whatever JSON."""
    return forged(zlib.compress(json.dumps(value).encode()))


def payload() -> dict[str, Any]:
    """The data inside of `TOKEN`."""
    case = case_to_json(CASE)
    del case["format"]
    return {"format": 1, "signature": SIGNATURE, "case": case}


@given(case=cases(), signature=st.text(st.characters(codec="utf-8", categories=["L", "N", "P", "S"])))
def test_a_token_holds_case_and_signature(case: Case, signature: str) -> None:
    """What goes in comes out, as one line without white space."""
    token = encode(case, signature)
    assert decode(token) == (case, signature)
    assert is_token(token)
    assert token.isascii()
    assert not any(character.isspace() for character in token)


def test_white_space_around_a_token_is_ignored() -> None:
    """A token that was copied with its line end is still one."""
    assert decode(f"  {TOKEN}\r\n") == (CASE, SIGNATURE)
    assert is_token(f" {TOKEN}")


def test_a_token_reads_the_same_however_it_was_packed() -> None:
    """Another zlib may pack differently; only the data count."""
    assert decode(forged_json(payload())) == (CASE, SIGNATURE)


def test_files_are_not_taken_for_tokens() -> None:
    """The command line can tell a token from the name of a file."""
    for name in ("ff1.json", "finding.json", "ff1", "corpus/ff1.abcdefgh", "", "ffx.AAAAAAAAA.00000000"):
        assert not is_token(name)


@given(data=st.data())
def test_no_change_of_a_character_goes_unnoticed(data: st.DataObject) -> None:
    """A token in which one character was changed, added or lost is refused."""
    place = data.draw(st.integers(0, len(TOKEN) - 1))
    new = data.draw(st.sampled_from(["", *"Aa0_-.=x é"]))
    changed = TOKEN[:place] + new + TOKEN[place + 1 :]
    if changed.strip() == TOKEN:
        return
    with pytest.raises(InputError, match=r"^token: "):
        decode(changed)


@given(text=st.text())
def test_no_text_is_more_than_an_input_error(text: str) -> None:
    """Whatever is not a token is refused in one line."""
    with pytest.raises(InputError) as caught:
        decode(text)
    assert "\n" not in str(caught.value)
    assert str(caught.value).isprintable()


@given(data=st.binary(max_size=200))
def test_no_bytes_with_a_right_checksum_are_more_than_an_input_error(data: bytes) -> None:
    """A forged token gets no further than one line either, whether it is packed or not."""
    for token in (forged(data), forged(zlib.compress(data))):
        with pytest.raises(InputError, match=r"^token: "):
            decode(token)


@pytest.mark.parametrize(
    ("token", "message"),
    [
        ("", "'' is no token; allowed: ff1.DATA.CHECKSUM"),
        ("hello", "'hello' is no token; allowed: ff1.DATA.CHECKSUM"),
        ("ff2" + TOKEN[3:], f"unknown format ff2{NEWER}; allowed: ff1"),
        ("ff0" + TOKEN[3:], "unknown format ff0; allowed: ff1"),
        (TOKEN[:-9], "it does not end in a checksum; was it cut? allowed: ff1.DATA.CHECKSUM"),
        (TOKEN[:-1], "it does not end in a checksum; was it cut? allowed: ff1.DATA.CHECKSUM"),
        (f"{TOKEN[:40]}\n{TOKEN[40:]}", "white space inside; was it wrapped by a terminal? allowed: one unbroken line"),
        (TOKEN[:40] + "é" + TOKEN[40:], "it does not end in a checksum; was it cut? allowed: ff1.DATA.CHECKSUM"),
        (
            TOKEN[:40] + TOKEN[41:],
            f"checksum {TOKEN[-8:]} does not match; was it cut or edited? copy the whole line",
        ),
        ("ff1." + "A" * LIMIT_TOKEN, f"{LIMIT_TOKEN + 4} characters are too many; allowed: {LIMIT_TOKEN}"),
        (forged(zlib.compress(b" " * (LIMIT_JSON + 1))), f"unpacks to too much; allowed: {LIMIT_JSON} bytes"),
        (
            forged(zlib.compress(b"{}")[:-1]),
            "cannot be unpacked: cut, or something follows; allowed: what futurefuzz writes",
        ),
        (
            forged(zlib.compress(b"{}") + b"more"),
            "cannot be unpacked: cut, or something follows; allowed: what futurefuzz writes",
        ),
        (forged(zlib.compress(b"\xff")), "byte 0 is not UTF-8; allowed: JSON in UTF-8"),
        (forged(zlib.compress(b"[" * 500_000)), "nested too deeply; allowed: what futurefuzz writes"),
        (forged(zlib.compress(b'{"format":NaN}')), "not JSON: NaN is not a JSON number"),
        (forged_json([]), "$: expected an object with its format, not a list"),
        (forged_json({}), "$: key 'format' is missing; allowed: 1"),
        (forged_json({**payload(), "format": 7}), f"$.format: unknown format the number 7{NEWER}; allowed: 1"),
        (forged_json({"format": 1}), "$: key 'signature' is missing"),
        (forged_json({**payload(), "run": "rm"}), "$: unknown key 'run'; allowed: signature, case"),
        (
            forged_json({**payload(), "signature": "\x1b]0;"}),
            "$.signature: '\\x1b]0;' has characters that cannot be printed; allowed: printable text",
        ),
        (
            forged_json({**payload(), "case": {**payload()["case"], "schedule": [{}] * 10_001}}),
            "$.case.schedule: at most 10000 items are allowed, not 10001",
        ),
        (
            forged_json({**payload(), "case": {**payload()["case"], "program": {"actors": [{"kind": "process"}]}}}),
            "$.case.program.actors[0].kind: unknown actor kind 'process'; allowed: thread, task",
        ),
    ],
)
def test_a_damaged_or_hostile_token_is_one_line(token: str, message: str) -> None:
    """Each kind of damage has its own message, and what unpacks to gigabytes is given up early."""
    with pytest.raises(InputError) as caught:
        decode(token)
    assert str(caught.value) == f"token: {message}"


def test_a_bomb_is_not_unpacked() -> None:
    """Ninety megabytes of zeros in a hundred kilobytes of token cost no more memory than the bound."""
    token = forged(zlib.compress(bytes(90 << 20), 6))
    assert len(token) < LIMIT_TOKEN
    tracemalloc.start()
    try:
        with pytest.raises(InputError, match="unpacks to too much"):
            decode(token)
        assert tracemalloc.get_traced_memory()[1] < 4 * LIMIT_JSON
    finally:
        tracemalloc.stop()


def test_the_longest_schedule_fits_into_a_token() -> None:
    """No finding is too large for its token."""
    switch = CASE.schedule[1]
    schedule = tuple(evolve(switch, nth=nth, place=f"1.{nth}/call_soon") for nth in range(1, 10_001))
    case = evolve(CASE, schedule=schedule)
    assert decode(encode(case, SIGNATURE)) == (case, SIGNATURE)


def test_a_token_is_the_same_in_every_process() -> None:
    """Hash seeds and processes leave no trace in a token."""
    code = "from tests.findings.test_token import TOKEN; print(TOKEN)"
    checkout = Path(__file__).parents[2]
    made = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=checkout)
    assert made.stdout.strip() == TOKEN


def test_reading_a_token_imports_nothing_that_it_names() -> None:
    """A token that names a module as its target or scenario is read as text and nothing more."""
    case = evolve(CASE, target="this:Zen", scenario="antigravity")
    assert decode(encode(case, SIGNATURE)) == (case, SIGNATURE)
    assert "this" not in sys.modules
    assert "antigravity" not in sys.modules
