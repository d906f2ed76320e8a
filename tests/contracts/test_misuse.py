"""Which programs leave the contract."""

from __future__ import annotations

from futurefuzz.contracts.misuse import circumstances, misuse
from futurefuzz.programs.program import Hook
from futurefuzz.targets.bridges import COROUTINE_THREADSAFE, WRAP_FUTURE
from tests.oracles.histories import op, program


def test_posting_forgetting_and_collecting_from_a_thread_is_legal() -> None:
    """Threads may do all that does not touch the future."""
    made = program(
        ("thread", [op("set_result", via="post"), op("cancel", via="post-if-pending"), op("drop"), op("collect")])
    )
    assert misuse(made, "asyncio") == frozenset()


def test_asking_an_asyncio_future_from_a_thread_is_off_thread() -> None:
    """Even done() is not documented as thread-safe."""
    assert misuse(program(("thread", [op("done")])), "asyncio") == {"off-thread"}


def test_hooks_are_re_entrant() -> None:
    """A program that acts inside a call-out is not a plain one, on its own thread too."""
    made = program(("task", [op("set_result")]), hooks=(Hook(kind="call_soon", operations=(op("cancel"),)),))
    assert misuse(made, "asyncio") == {"re-entrant"}


def test_a_hook_that_a_thread_may_trigger_is_off_thread_too() -> None:
    """A destructor runs where the last reference goes."""
    made = program(
        ("task", [op("set_result")]),
        ("thread", [op("collect")]),
        hooks=(Hook(kind="del", operations=(op("cancel"),)),),
    )
    assert misuse(made, "asyncio") == {"off-thread", "re-entrant"}


def test_threads_are_what_concurrent_futures_are_for() -> None:
    """The concurrent contract knows no off-thread use."""
    assert misuse(program(("thread", [op("set_result"), op("done")])), "concurrent") == frozenset()


def test_the_thread_safe_end_of_a_bridge_may_be_used_from_threads() -> None:
    """wrap_future takes results from threads; the gate of run_coroutine_threadsafe belongs to the loop."""
    resolving = program(("thread", [op("set_result"), op("cancel")]))
    asking = program(("thread", [op("cancel"), op("done")]))
    assert misuse(resolving, "bridge", WRAP_FUTURE) == frozenset()
    assert misuse(resolving, "bridge", COROUTINE_THREADSAFE) == {"off-thread"}
    assert misuse(asking, "bridge", COROUTINE_THREADSAFE) == frozenset()


def test_what_may_make_a_crash_show_anywhere_is_named_the_gravest_alone() -> None:
    """A second __init__ explains more than an object that had none, that more than an iterator driven by hand."""

    def of(*names: str) -> str:
        return circumstances(program(("task", [op(name) for name in names])))

    assert of("set_result", "await") == ""
    assert of("iter", "iter-send", "set_result") == "undefined"
    assert of("iter-send", "bare") == "never initialised"
    assert of("iter-send", "bare", "reinit") == "initialised again"
    assert circumstances(program(("task", [op("done", starved=1)]))) == "no memory"
    hooked = program(("task", [op("done")]), hooks=(Hook(kind="call_soon", operations=(op("reinit"),)),))
    assert circumstances(hooked) == "initialised again"
