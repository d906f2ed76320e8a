"""Events and steps as JSON, and back."""

from __future__ import annotations

import json

import pytest

from futurefuzz import targets
from futurefuzz.explorers.base import Pending, Step
from futurefuzz.programs.program import Callback
from futurefuzz.runs.executor import execute
from futurefuzz.runs.history import EVENT_KINDS, LOOP, CallbackRun, Event, FinalState, Outcome
from futurefuzz.runs.record import event_from_json, event_to_json, step_from_json, step_to_json
from tests.control.stage import Wandering
from tests.runs.told import op, program

OPERATION = op("add_done_callback=3", future=2, context=1)
SAMPLES = [
    Event("call", 0, 0, "0.0", OPERATION),
    Event("return", 1, 2, "1.0", op("cancel message"), Outcome("raised", "RuntimeError")),
    Event("posted", 1, 1, "1.0", op("set_result", via="post")),
    Event("run", LOOP, 0, "4", CallbackRun(1, -1, "2", True, 1)),
    Event("ran", LOOP, 0, "4", 1, Outcome("raised", "x:c1")),
    Event("handler", LOOP, 0, "loop", "Exception in callback", Outcome("raised", "e:0.0")),
    Event("log", 0, 0, "0.1", "asyncio: text %r", None),
    Event("unraisable", 0, 0, "0.1", "Value.__del__", Outcome("raised", "ValueError")),
    Event("stall", LOOP, 1, "loop", 2),
    Event("waiting", 0, 0, "0.3", op("await")),
    Event("state", LOOP, -1, "f0", FinalState(0, "observer", None)),
    Event("state", LOOP, -1, "f0", FinalState(0, "resolver", Outcome("returned", "v:0.0"))),
    Event("untraced", 0, 0, "0.1", op("result"), Outcome("raised", "e:0.0")),
    Event("after", LOOP, -1, "h0.0", op("set_result"), Outcome("raised", "RuntimeError")),
    Event("stage", LOOP, 0, "f1", "started"),
    Event("closed", LOOP, 2, "", 1),
    Event("uncaught", LOOP, 0, "loop", None, Outcome("raised", "SystemExit")),
    Event("snapshot", LOOP, 0, "", "f0 PENDING"),
]


@pytest.mark.parametrize("event", SAMPLES, ids=lambda event: event.kind)
def test_an_event_survives_json(event: Event) -> None:
    """Every kind comes back as the same event of the same types."""
    text = json.dumps(event_to_json(event))
    back = event_from_json(json.loads(text))
    assert back == event
    assert type(back.what) is type(event.what)
    assert repr(back) == repr(event)


def test_the_samples_cover_every_kind() -> None:
    """A new kind of event needs a sample here."""
    assert {event.kind for event in SAMPLES} == set(EVENT_KINDS) | {"snapshot"}


def test_the_shape_is_the_one_that_others_read() -> None:
    """Fields by name; what is an object by its kind; outcomes as [how, what]."""
    assert event_to_json(SAMPLES[3]) == {
        "kind": "run",
        "actor": -1,
        "carrier": 0,
        "site": "4",
        "what": {"callback_run": [1, -1, "2", True, 1]},
        "outcome": None,
    }
    assert event_to_json(SAMPLES[11])["what"] == {"final_state": [0, "resolver", ["returned", "v:0.0"]]}
    assert event_to_json(SAMPLES[1])["outcome"] == ["raised", "RuntimeError"]
    assert list(event_to_json(SAMPLES[0])["what"]) == ["operation"]


@pytest.mark.parametrize(
    "step",
    [
        Step(-1, ("", "start", 1), None, (0, 1), 0),
        Step(0, ("loop", "1.0/call_soon", 2), Pending("call_soon", "loop", True), (0, 2), 2),
    ],
)
def test_a_step_survives_json(step: Step) -> None:
    """Key, announcement, who could go, who went."""
    assert step_from_json(json.loads(json.dumps(step_to_json(step)))) == step


@pytest.mark.parametrize("name", targets.names())
def test_whole_recorded_runs_survive_json(name: str) -> None:
    """Everything that real runs leave, with each target."""
    target = targets.find(name)
    actors = [("thread", ["add_done_callback=0", "set_result", "result"]), ("thread", ["result", "cancel"])]
    if target.contract != "concurrent":
        actors.append(("task", ["add_done_callback=0", "yield", "repr"]))
        actors = actors[1:] if target.contract == "asyncio" else actors
    what = program(*actors, callbacks=[Callback(operations=(op("done"),), raises=True)])
    for seed in range(5):
        run = execute(what, target, Wandering(seed), record=True)
        assert run is not None
        assert run.steps is not None
        assert [event_from_json(json.loads(json.dumps(event_to_json(e)))) for e in run.history] == run.history
        steps = [step_from_json(json.loads(json.dumps(step_to_json(step)))) for step in run.steps]
        assert [step._replace(event=None) for step in steps] == [step._replace(event=None) for step in run.steps]
