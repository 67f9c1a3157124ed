import pickle
from pathlib import Path

import pytest

from service.batch.atomic import Scratch
from service.batch.outcome import Done
from service.batch.output import claimed
from service.errors import BatchStopped, OutputRefused
from service.repository import ModelId

MODEL = ModelId("baseline", 1)


def done(picture: str) -> Done:
    return Done(picture, (4, 3), (), {"total": 0.5})


def test_file_is_whole_or_not_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    scratch = Scratch(tmp_path / "scratch")
    scratch.folder.mkdir()
    target = tmp_path / "out" / "a.png"
    scratch.write(target, b"old")

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr("os.fsync", full)
        with pytest.raises(BatchStopped, match=r"a.png: No space left on device"):
            scratch.write(target, b"new", durable=True)

    assert target.read_bytes() == b"old"
    assert list(scratch.folder.iterdir()) == []
    scratch.write(target, b"new", durable=True)
    assert target.read_bytes() == b"new"


def test_events_of_a_run_are_counted(tmp_path: Path) -> None:
    with claimed(tmp_path) as output:
        scratch = output.scratch
        counts = [scratch.count(event) for event in ("part-1", "part-1", "part-11", "part-1")]
    with claimed(tmp_path) as output:
        anew = output.scratch.count("part-1")

    assert (counts, anew) == ([1, 2, 1, 3], 1)


def test_part_is_the_record_of_its_pictures(tmp_path: Path) -> None:
    with claimed(tmp_path / "out") as output:
        for picture in ("a", "s/b", "c"):
            output.write_labels(picture, b"png")
        output.close_part(7, [done("a"), done("s/b")], MODEL, overlays=False)

        assert output.finished() == ({"a", "s/b"}, 8)
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == [
        ".lock",
        "labels",
        "regions-000007.parquet",
    ]


def test_part_needs_the_files_of_its_pictures(tmp_path: Path) -> None:
    with claimed(tmp_path / "out") as output:
        with pytest.raises(BatchStopped, match="labels"):
            output.close_part(0, [done("a")], MODEL, overlays=False)
        assert output.finished() == (set(), 0)


def test_two_runs_do_not_share_a_folder(tmp_path: Path) -> None:
    with claimed(tmp_path), pytest.raises(OutputRefused, match="another run"), claimed(tmp_path):
        pass


def test_worker_of_an_earlier_run_is_shut_out(tmp_path: Path) -> None:
    def killed() -> bytes:
        with claimed(tmp_path) as output:
            data = pickle.dumps(output)
            raise KeyboardInterrupt(data)

    with pytest.raises(KeyboardInterrupt) as caught:
        killed()
    (tmp_path / "run.json").write_text("{}")
    outlived = pickle.loads(caught.value.args[0])
    outlived.write_labels("a", b"png")
    (outlived.scratch.folder / "half").write_bytes(b"p")

    with claimed(tmp_path) as output:
        with pytest.raises(BatchStopped):
            outlived.write_labels("b", b"png")
        output.write_labels("c", b"png")

    assert sorted(path.name for path in (tmp_path / "labels").iterdir()) == ["a.png", "c.png"]


def test_folder_with_something_else_is_refused(tmp_path: Path) -> None:
    (tmp_path / "thesis.tex").write_text("")

    with pytest.raises(OutputRefused, match="not empty"), claimed(tmp_path):
        pass


def test_file_is_no_folder(tmp_path: Path) -> None:
    (tmp_path / "out").write_text("")

    with pytest.raises(OutputRefused, match="cannot write to"), claimed(tmp_path / "out"):
        pass
