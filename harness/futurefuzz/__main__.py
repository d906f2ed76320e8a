"""The command `futurefuzz`, and `python -m futurefuzz`: puts the process in order, loads the command line and runs it.

Loading takes a third of a second. Whoever presses Ctrl-C meanwhile, or while the process ends, wants it gone, and no
traceback out of the middle of an import: there the signal ends the process the way it ends one that knows nothing of
signals (a shell shows 130). In between, `cli` and `Interrupt` decide what it means.

Until `main` has said so a traceback is what comes, so nothing is loaded before: `_signal` is built in, while `signal`
takes a few milliseconds. What is left of them are those of the interpreter's own start.
"""

from __future__ import annotations

import _signal as signal  # type: ignore[import-not-found]
import sys

__all__ = ["main"]


def main() -> None:
    """Run the command line of this process.

    Raises:
        SystemExit: always, with the exit code.
    """
    ours = signal.getsignal(signal.SIGINT) is signal.default_int_handler  # else somebody ignores or handles it
    if ours:
        signal.signal(signal.SIGINT, signal.SIG_DFL)
    from futurefuzz.reports.streams import Streams

    streams = Streams()
    from futurefuzz.cli import INPUT_ERROR
    from futurefuzz.cli import main as run

    if ours:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        run()
    except SystemExit as ending:
        reason = streams.unwritten()
        if reason is None:
            raise
        sys.stderr.write(f"futurefuzz: standard output: {reason}; the report is not whole\n")
        raise SystemExit(ending.code or INPUT_ERROR) from None
    finally:
        if ours:
            signal.signal(signal.SIGINT, signal.SIG_DFL)


if __name__ == "__main__":
    main()
