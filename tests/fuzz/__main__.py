"""Fuzz every target for a while, and write the page of what came of it.

    python -m tests.fuzz --seconds 1800 --out docs/results/fuzz.md

Needs atheris; `make fuzz` has it in an environment of its own. A target begins with the inputs
that an earlier run kept below build/fuzz/, and its log and whatever it found are there, too. Exits
with 1 where there is a finding.
"""

import argparse
import json
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from functools import partial
from pathlib import Path

from tests.fuzz.campaign import Campaign, campaign_of
from tests.fuzz.page import page
from tests.fuzz.target import Target
from tests.fuzz.targets import TARGETS

FOLDER = Path("build/fuzz")
TIMEOUT_S = 300
"""After which libFuzzer calls an input a hang, by the clock: a machine may be busy with other
things for long. What computes is found by `Target.run`, by the time of the processor."""
MEMORY_MIB = 2_048


def fuzz(seconds: int, target: Target) -> Campaign:
    """Run one target in a process of its own, since libFuzzer ends its process."""
    folder = FOLDER / target.name
    corpus, found, log = folder / "corpus", folder / "found", folder / "log"
    for made in (corpus, found):
        made.mkdir(parents=True, exist_ok=True)
    for index, seed in enumerate(target.seeds()):
        (corpus / f"seed-{index:02}").write_bytes(seed)
    words = folder / "words"
    words.write_text(target.dictionary())
    with log.open("wb") as file:
        subprocess.run(
            [
                *(sys.executable, "-m", "tests.fuzz.run", target.name, corpus),
                *(f"-dict={words}", f"-artifact_prefix={found}/", f"-max_len={target.max_bytes}"),
                *(f"-max_total_time={seconds}", f"-timeout={TIMEOUT_S}", "-print_final_stats=1"),
                f"-rss_limit_mb={MEMORY_MIB}",
            ],
            stdout=file,
            stderr=subprocess.STDOUT,
            check=False,
        )
    return campaign_of(target, log.read_text(errors="replace"), confirmed(target, found))


def confirmed(target: Target, found: Path) -> list[Path]:
    """Inputs that libFuzzer kept and that are findings; others are deleted.

    It keeps what was slow by the clock, too, which says nothing on a machine with other work: such
    inputs are run once more, by the time of the processor.
    """
    for file in found.glob("slow-unit-*"):
        with suppress(AssertionError):
            target.run(file.read_bytes())
            file.unlink()
    return sorted(found.iterdir())


def main() -> int:
    parser = argparse.ArgumentParser(description="Coverage-guided fuzzing with atheris.")
    parser.add_argument("targets", nargs="*", default=list(TARGETS), help="all if none is named")
    parser.add_argument("--seconds", type=int, default=1_800, help="for each target")
    parser.add_argument("--at-a-time", type=int, default=2, help="targets side by side")
    parser.add_argument("--out", type=Path, help="page to write, of all targets' last runs")
    options = parser.parse_args()
    with ThreadPoolExecutor(options.at_a_time) as pool:
        chosen = [TARGETS[name] for name in options.targets]
        for campaign in pool.map(partial(fuzz, options.seconds), chosen):
            print(campaign.line(), flush=True)
            (FOLDER / f"{campaign.target}.json").write_text(json.dumps(campaign.document()))
    files = [FOLDER / f"{name}.json" for name in TARGETS]
    campaigns = [Campaign(**json.loads(file.read_text())) for file in files if file.exists()]
    if options.out:
        options.out.write_text(page(campaigns))
    return int(any(campaign.found for campaign in campaigns))


if __name__ == "__main__":
    sys.exit(main())
