"""Rehearse the full-size networks: each trains, is killed, resumes, is evaluated and exported.

    OMP_NUM_THREADS=1 nice python -m tools.rehearsal run    # continues where it was cut off
    OMP_NUM_THREADS=1 nice python -m tools.rehearsal ties   # then: why weights are stored whole

On a few photos of CCP and without a GPU: this tells that every config works at its own size and
what it costs, and nothing about accuracy. Both write docs/results/rehearsal.{md,json}; a config
whose result lies in runs/rehearsal is not run again.
"""

import json
import os
import sys
from dataclasses import asdict
from datetime import UTC, datetime

import torch

from tools.rehearsal.data import write_data
from tools.rehearsal.layout import NAMES, RUNS
from tools.rehearsal.page import row, ties_row, write_page
from tools.rehearsal.rehearse import rehearse
from tools.rehearsal.results import result_of, ties_of
from tools.rehearsal.ties import find_ties


def run() -> None:
    write_data()
    for name in NAMES:
        if result_of(name) is not None:
            continue
        print(f"{datetime.now(UTC):%H:%M:%S} {name}", flush=True)
        try:
            result = rehearse(name)
        except ChildProcessError as exc:
            print(f"  {exc}: see {RUNS / name / 'log.txt'}", flush=True)
            continue
        (RUNS / name / "result.json").write_text(json.dumps(asdict(result)))
        print(f"  {row(result)}", *result.faults, sep="\n  ", flush=True)
        write_page()


def ties() -> None:
    for name in NAMES:
        result = result_of(name)
        if result is None or result.precision != "fp32":
            continue
        found = ties_of(name) or find_ties(RUNS / name / "last.pt")
        (RUNS / name / "ties.json").write_text(json.dumps(asdict(found)))
        print(ties_row(name, found), flush=True)
    write_page()


if __name__ == "__main__":
    torch.set_num_threads(int(os.environ.get("OMP_NUM_THREADS", "2")))
    {"run": run, "ties": ties}[sys.argv[1]]()
