"""A table of what pictures contain: views, poses, labels, seconds."""

from collections import Counter
from collections.abc import Iterable
from typing import Any

from limn.labels import IGNORE_INDEX, LIP


def report(records: Iterable[dict[str, Any]]) -> str:
    """Markdown tables over what is written beside the pictures."""
    documents = list(records)
    total = max(len(documents), 1)
    lines = [f"{len(documents)} pictures", ""]
    lines += _table("view", Counter(side_seen(one["view"]["azimuth"]) for one in documents), total)
    lines += _table("framing", Counter(one["view"]["framing"] for one in documents), total)
    lines += _table("pose", Counter(one["person"]["pose"]["name"] for one in documents), total)
    lines += _table("beside", Counter(_company(one) for one in documents), total)
    lines += _table("label", _labels(documents), total)
    return "\n".join(lines + _times(documents))


def side_seen(azimuth: float) -> str:
    """From which side a person is seen: front, side or back; `azimuth` in degrees."""
    off_front = abs((azimuth + 180) % 360 - 180)
    if off_front <= 50:
        return "front"
    return "back" if off_front >= 130 else "side"


def _company(document: dict[str, Any]) -> str:
    people, things = bool(document["bystanders"]), bool(document["props"])
    return {
        (False, False): "alone",
        (True, False): "people",
        (False, True): "things",
        (True, True): "people and things",
    }[people, things]


def _labels(documents: list[dict[str, Any]]) -> Counter[str]:
    """In how many pictures each class is seen."""
    names = dict(enumerate(LIP.classes)) | {IGNORE_INDEX: "ignored"}
    return Counter(names[int(label)] for one in documents for label in one["pixels"])


def _table(title: str, counts: Counter[str], total: int) -> list[str]:
    rows = [
        f"| {name} | {count} | {100 * count / total:.0f} % |"
        for name, count in counts.most_common()
    ]
    return [f"| {title} | pictures | share |", "|---|---:|---:|", *rows, ""]


def _times(documents: list[dict[str, Any]]) -> list[str]:
    if not documents:
        return []
    stages = documents[0]["seconds"]
    means = {
        name: sum(one["seconds"][name] for one in documents) / len(documents) for name in stages
    }
    row = " | ".join(f"{mean:.2f}" for mean in means.values())
    return [
        f"| seconds per picture | {' | '.join(means)} |",
        f"|---|{'---:|' * len(means)}",
        f"| {sum(means.values()):.2f} | {row} |",
    ]
