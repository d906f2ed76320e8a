from __future__ import annotations

import os
import signal

import pytest

from futurefuzz.campaign.interrupt import Interrupt


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_signal_sets_the_flag(number: signal.Signals) -> None:
    """The first signal only asks for the end; the handlers of before come back."""
    before = signal.getsignal(number)
    with Interrupt() as interrupt:
        assert not interrupt()
        os.kill(os.getpid(), number)
        assert interrupt()
    assert signal.getsignal(number) is before


def test_second_signal_insists() -> None:
    """Whoever asks twice does not want to wait."""
    with Interrupt():
        os.kill(os.getpid(), signal.SIGINT)
        with pytest.raises(KeyboardInterrupt):
            os.kill(os.getpid(), signal.SIGINT)


def test_ignored_signal_stays_ignored() -> None:
    """Under `nohup` a hang-up does not end the campaign."""
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        with Interrupt() as interrupt:
            os.kill(os.getpid(), signal.SIGHUP)
            assert not interrupt()
    finally:
        signal.signal(signal.SIGHUP, before)
