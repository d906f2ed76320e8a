"""Tests that go wrong on purpose, for the measure itself."""

from __future__ import annotations

import os
import re
import threading
import time
import unittest


class Planted(unittest.TestCase):
    def test_computes_for_ever(self) -> None:
        re.match(r"(a*)*b", "a" * 60)

    def test_ends_the_process(self) -> None:
        os._exit(1)

    def test_is_right(self) -> None:
        began = time.monotonic()
        time.sleep(1000)
        assert time.monotonic() - began >= 1000

    def test_loses_an_update(self) -> None:
        lock = threading.Lock()
        total = 0

        def add() -> None:
            nonlocal total
            with lock:
                seen = total
            with lock:
                total = seen + 1

        threads = [threading.Thread(target=add) for _ in range(2)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert total == 2, f"{total} of 2"

    def test_skips(self) -> None:
        self.skipTest("on purpose")

    def test_waits_for_itself(self) -> None:
        lock = threading.Lock()
        lock.acquire()
        lock.acquire()
