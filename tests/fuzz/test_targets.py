"""The targets of fuzzing work without atheris, and what was found stays fixed."""

import random
from pathlib import Path

import pytest

from tests.fuzz.__main__ import confirmed
from tests.fuzz.findings import FINDINGS, Finding
from tests.fuzz.target import Target
from tests.fuzz.targets import TARGETS

MUTATIONS = 300


@pytest.fixture(params=TARGETS.values(), ids=list(TARGETS))
def target(request: pytest.FixtureRequest) -> Target:
    found: Target = request.param
    return found


def mutated(target: Target, rng: random.Random) -> bytes:
    """A seed with a few bytes changed, words put in, and pieces left out."""
    data = bytearray(rng.choice(target.seeds()))
    for _ in range(rng.randrange(1, 5)):
        place, choice = rng.randrange(len(data) + 1), rng.random()
        if choice < 0.5:
            data[place : place + 1] = rng.randbytes(1)
        elif choice < 0.8:
            data[place:place] = rng.choice(target.words)
        else:
            del data[place : place + rng.randrange(1, 20)]
    return bytes(data)


def test_every_seed_is_taken_as_promised(target: Target) -> None:
    for seed in target.seeds():
        assert len(seed) <= target.max_bytes
        target.run(seed)


def test_what_is_near_a_seed_is_taken_as_promised(target: Target) -> None:
    rng = random.Random(7)
    for _ in range(MUTATIONS):
        target.run(mutated(target, rng))


@pytest.mark.parametrize("finding", FINDINGS, ids=lambda finding: finding.what[:40])
def test_finding_stays_fixed(finding: Finding) -> None:
    TARGETS[finding.target].run(finding.data)


def test_what_was_slow_by_the_clock_alone_is_no_finding(tmp_path: Path) -> None:
    def check(data: bytes) -> None:
        assert data != b"wrong"

    target = Target("any", "anything", check, list, (), 10)
    for name, data in (("slow-unit-1", b"fine"), ("slow-unit-2", b"wrong"), ("crash-3", b"fine")):
        (tmp_path / name).write_bytes(data)

    found = confirmed(target, tmp_path)

    assert [path.name for path in found] == ["crash-3", "slow-unit-2"]
    assert not (tmp_path / "slow-unit-1").exists()
