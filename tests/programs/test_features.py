"""What programs have in common."""

from __future__ import annotations

from futurefuzz.programs.features import features
from futurefuzz.programs.program import Callback, Hook
from tests.oracles.histories import op, program


def test_features_name_operations_with_arguments_routes_and_places() -> None:
    """In words that do not depend on numbers."""
    made = program(("task", [op("await")]), ("thread", [op("set_exception", argument="class", via="post")]))
    assert features(made) == {
        "await",
        "await in a task",
        "set_exception",
        "set_exception in a thread",
        "set_exception via post",
        "set_exception(class)",
        "task",
        "thread",
    }


def test_features_name_what_comes_together() -> None:
    """Two callbacks on two futures are not two on one."""
    both = [op("add_done_callback"), op("add_done_callback"), op("cancel"), op("set_result")]
    found = features(program(("task", both)))
    together = {"two callbacks on a future", "two resolutions of a future", "cancellation and resolution of a future"}
    assert together <= found
    apart = [op("add_done_callback"), op("add_done_callback", future=1), op("cancel"), op("set_result", future=1)]
    assert not together & features(program(("task", apart), futures=2))


def test_features_name_what_callbacks_and_hooks_do() -> None:
    """Operations in them count like any other."""
    made = program(
        ("task", [op("add_done_callback", context=1)]),
        callbacks=(Callback(raises=True, operations=(op("cancel"),)), Callback(group=0, ephemeral=True)),
        hooks=(Hook(kind="eq", operations=(op("repr"),)),),
        debug=True,
    )
    assert features(made) >= {
        "callback in a context",
        "callback that acts",
        "callback that nobody else keeps",
        "callback that raises",
        "cancel",
        "debug",
        "equal callbacks",
        "hook eq",
        "repr",
    }


def test_features_name_what_callbacks_have_to_do_with_each_other() -> None:
    """Equal ones of one future, and a context that meets another future; nothing less."""
    equal = (Callback(), Callback())
    adds_and_removes = [op("add_done_callback"), op("remove_done_callback", callback=1)]
    assert "removal by an equal callback" in features(program(("task", adds_and_removes), callbacks=equal))
    apart = (Callback(), Callback(group=1))
    assert "removal by an equal callback" not in features(program(("task", adds_and_removes), callbacks=apart))
    same = [op("add_done_callback"), op("remove_done_callback")]
    assert "removal by an equal callback" not in features(program(("task", same), callbacks=equal))
    for future, context, meets in [(1, 0, True), (0, 0, False), (1, None, False)]:
        acting = (Callback(operations=(op("set_result", future=future),)),)
        made = program(("task", [op("add_done_callback", context=context)]), callbacks=acting, futures=2)
        assert ("another future meets a context" in features(made)) == meets
