from __future__ import annotations

import os

from futurefuzz.campaign.protocol import LineReader, Setup, read_request, request_bytes, send


def test_lines_come_in_pieces() -> None:
    """An answer is whole when its line is, however the pipe cuts it."""
    reader = LineReader()
    assert [found for byte in b'{"a": 1}\n{"b"' for found in reader.feed(bytes([byte]))] == [{"a": 1}]
    assert reader.feed(b": 2}\n") == [{"b": 2}]


def test_rubbish_is_dropped_and_counted() -> None:
    """What is no JSON object costs its line only."""
    reader = LineReader()
    assert reader.feed(b'\x00\xff}{\n[1]\n"text"\n{"a": 1}\n\n{"b": \n{"c": 3}\n') == [{"a": 1}, {"c": 3}]
    assert reader.rubbish == 4


def test_line_without_an_end_is_bounded() -> None:
    """A process that never ends its line does not fill our memory."""
    reader = LineReader()
    for _ in range(6):
        assert reader.feed(b"x" * (1 << 20)) == []
    assert reader.rubbish >= 1
    reader.feed(b"\n")
    assert reader.feed(b'{"a": 1}\n') == [{"a": 1}]


def test_request_is_read_exactly() -> None:
    """Reading one request leaves the next in the pipe, for whoever comes after."""
    reading, writing = os.pipe()
    os.write(writing, request_bytes({"a": "é"}) + request_bytes({"b": 2}))
    assert read_request(reading) == {"a": "é"}
    os.close(writing)
    assert os.read(reading, 1000) == request_bytes({"b": 2})
    assert read_request(reading) is None
    os.close(reading)


def test_half_a_request_is_none() -> None:
    """A supervisor that died in the middle of a request has asked for nothing."""
    reading, writing = os.pipe()
    os.write(writing, request_bytes({"a": 1})[:-2])
    os.close(writing)
    assert read_request(reading) is None
    os.close(reading)


def test_answers_are_lines() -> None:
    """What `send` writes is what the reader takes."""
    reading, writing = os.pipe()
    send(writing, {"text": "two\nlines"})
    assert LineReader().feed(os.read(reading, 1000)) == [{"text": "two\nlines"}]
    os.close(reading)
    os.close(writing)


def test_setup_makes_the_round_trip() -> None:
    """A set-up reaches the worker as it is; `only` keeps the user's references and drops the scenarios."""
    setup = Setup(targets=("a",), references=("m:b",), scenarios=(), path=("/p",))
    assert Setup.from_json(setup.to_json()) == setup
    assert setup.only("c") == Setup(targets=("c",), references=("m:b",), scenarios=None, path=("/p",))
