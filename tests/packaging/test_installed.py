"""The installed wheel, far from the checkout, does the main job."""

from __future__ import annotations

import json

from tests.packaging.distributions import CHECKOUT, Installation

NOTHING_NEW_OR_FINDINGS = (0, 1)


def test_package_comes_from_the_environment_and_not_from_the_checkout(installation: Installation) -> None:
    """What is imported is the installed package, and it finds its scenarios and corpus inside itself."""
    said = installation.python(
        "import json, futurefuzz, futurefuzz.shipped as s;"
        "print(json.dumps([futurefuzz.__file__, str(s.directory('scenarios')), str(s.directory('corpus'))]))"
    )
    for place in json.loads(said):
        assert place.startswith(str(installation.bin.parent))
        assert str(CHECKOUT) not in place


def test_version_is_the_one_of_the_distribution(installation: Installation) -> None:
    """`futurefuzz --version` and the distribution's metadata agree."""
    version = installation.python("import importlib.metadata as m; print(m.version('futurefuzz'))").strip()
    assert version in installation.futurefuzz("--version")


def test_list_shows_the_targets_and_the_shipped_scenarios(installation: Installation) -> None:
    """`futurefuzz list` names every shipped scenario, and a target that users know."""
    said = installation.futurefuzz("list")
    scenarios = {path.stem for path in (CHECKOUT / "scenarios").glob("*.py")}
    assert scenarios
    assert "concurrent.futures" in said or "concurrent" in said
    for name in scenarios:
        assert name in said or name.replace("_", "-") in said


def test_fuzz_runs_a_repeatable_campaign(installation: Installation) -> None:
    """Two campaigns with the same seed and count of runs in one job find the same and count the same."""
    tellings = []
    for name in ("first", "second"):
        installation.futurefuzz(
            *("fuzz", "--runs", "50", "--jobs", "1", "--seed", "1", "--corpus", name, "--json", f"{name}.json"),
            allowed=NOTHING_NEW_OR_FINDINGS,
        )
        told = json.loads((installation.cwd / f"{name}.json").read_text())
        findings = [{key: found[key] for key in ("signature", "status", "token")} for found in told["findings"]]
        tellings.append((told["campaign"]["runs"], told["campaign"]["pairs"], findings))
    first, second = tellings
    assert first == second
    assert first[0] >= 50
