import io
import os
import tarfile
from pathlib import Path

import pytest

from limn.errors import ImageTooLarge
from service.batch.archive import archive_source
from service.batch.files import folder_source, list_source
from service.batch.source import Source
from service.errors import UnreadableSource

MOST = 100


def make(root: Path, *names: str) -> None:
    """Files that hold their own name."""
    for name in names:
        file = root / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(name)


def make_tar(path: Path, *members: tarfile.TarInfo | str, mode: str = "w") -> Path:
    with tarfile.open(path, mode) as archive:  # type: ignore[call-overload]
        for member in members:
            info = tarfile.TarInfo(member) if isinstance(member, str) else member
            if info.isreg():
                info.size = len(info.name)
            archive.addfile(info, io.BytesIO(info.name.encode()))
    return path


def ids(source: Source) -> list[str]:
    return [entry.id for entry in source.entries]


def faults(source: Source) -> dict[str, str | None]:
    return {entry.name: entry.fault for entry in source.entries}


def contents(source: Source) -> list[str]:
    with source.open(MOST) as read:
        return [read(entry).decode() for entry in source.entries if entry.fault is None]


def test_folder_lists_pictures_of_all_folders_in_order(tmp_path: Path) -> None:
    make(tmp_path, "b.JPG", "a/c.png", "a.d.webp", "x.gif", "notes.txt", ".h.jpg", ".g/i.jpg")

    source = folder_source(tmp_path, tmp_path / "out")

    assert ids(source) == ["a.d", "a/c", "b", "x"]
    assert contents(source) == ["a.d.webp", "a/c.png", "b.JPG", "x.gif"]


def test_folder_leaves_out_the_output_inside_of_it(tmp_path: Path) -> None:
    make(tmp_path, "a.jpg", "out/labels/a.png", "sub/out/b.png")

    assert ids(folder_source(tmp_path, tmp_path / "out")) == ["a", "sub/out/b"]


def test_folder_without_pictures_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UnreadableSource, match="holds no picture"):
        folder_source(tmp_path, tmp_path / "out")


@pytest.mark.parametrize(
    ("names", "message"),
    [
        (("s/a.jpg", "s/a.png"), r"s/a.jpg and s/a.png would both be written to s/a.png"),
        (("a.jpg", "a.png/b.jpg"), r"a.jpg would be written to a.png, which is a folder of"),
    ],
)
def test_two_pictures_of_one_output_are_refused(
    tmp_path: Path, names: tuple[str, ...], message: str
) -> None:
    make(tmp_path, *names)

    with pytest.raises(UnreadableSource, match=message):
        folder_source(tmp_path, tmp_path / "out")


def test_name_that_is_no_utf8_is_a_fault(tmp_path: Path) -> None:
    make(tmp_path, "a.jpg")
    (tmp_path / os.fsdecode(b"\xff.jpg")).write_bytes(b"")

    source = folder_source(tmp_path, tmp_path / "out")

    assert ids(source) == ["a", r"\udcff.jpg"]
    assert source.entries[1].fault == "its name is not UTF-8"


def test_list_is_relative_to_its_folder(tmp_path: Path) -> None:
    make(tmp_path, "in/a.jpg", "in/s/b.jpg", "else/c.jpg")
    lines = ["s/b.jpg", "", "a.jpg\r", "./s/../s/b.jpg", "../else/c.jpg", "a.jpg"]
    file = tmp_path / "in" / "list.txt"
    file.write_text("\ufeff" + "\n".join([line for line in lines if "./s" not in line]))

    source = list_source(file)

    elsewhere = str(tmp_path.resolve() / "else" / "c").removeprefix("/")
    assert ids(source) == ["s/b", "a", elsewhere]
    assert contents(source) == ["in/s/b.jpg", "in/a.jpg", "else/c.jpg"]


def test_list_takes_absolute_paths(tmp_path: Path) -> None:
    make(tmp_path, "a.jpg", "in/b.jpg")
    file = tmp_path / "in" / "list"
    file.write_text(f"{tmp_path / 'a.jpg'}\n{tmp_path / 'in' / 'b.jpg'}\n")

    assert contents(list_source(file)) == ["a.jpg", "in/b.jpg"]
    assert ids(list_source(file))[1] == "b"


def test_list_with_one_output_for_two_lines_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "list"
    file.write_text("a.jpg\n./a.jpg\n")

    with pytest.raises(UnreadableSource, match="would both be written"):
        list_source(file)


def test_list_of_bytes_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "list"
    file.write_bytes(b"\0\1")

    with pytest.raises(UnreadableSource, match="neither a folder, a tar, nor a text file"):
        list_source(file)


@pytest.mark.parametrize("mode", ["w", "w:gz", "w:bz2", "w:xz"])
def test_tar_is_read_where_it_lies(tmp_path: Path, mode: str) -> None:
    folder = tarfile.TarInfo("s")
    folder.type = tarfile.DIRTYPE
    path = make_tar(tmp_path / "a.tar", "./b.jpg", folder, "s/a.png", "read.me", mode=mode)

    source = archive_source(path)

    assert ids(source) == ["b", "s/a"]
    assert contents(source) == ["./b.jpg", "s/a.png"]
    assert [file.name for file in tmp_path.iterdir()] == ["a.tar"]


def test_tar_is_read_in_another_order_too(tmp_path: Path) -> None:
    source = archive_source(make_tar(tmp_path / "a.tgz", "a.jpg", "b.jpg", mode="w:gz"))

    with source.open(MOST) as read:
        assert [read(source.entries[index]) for index in (1, 0)] == [b"b.jpg", b"a.jpg"]


def test_unsafe_names_of_a_tar_are_faults(tmp_path: Path) -> None:
    unsafe = ["../a.jpg", "/etc/b.jpg", "s/../../c.jpg"]
    long = "x" * 250 + ".jpg"
    link = tarfile.TarInfo("link.jpg")
    link.type, link.linkname = tarfile.SYMTYPE, "/etc/passwd"

    source = archive_source(make_tar(tmp_path / "a.tar", "good.jpg", *unsafe, long, link))

    assert faults(source) == {
        "good.jpg": None,
        **dict.fromkeys(unsafe, "its name leads out of the output folder"),
        long: None,
        "link.jpg": "it is a link or a hole in the archive, not a file",
    }


@pytest.mark.parametrize("name", ["x" * 252 + ".jpg", "x/" * 1100 + "a.jpg"])
def test_long_name_is_a_fault(tmp_path: Path, name: str) -> None:
    (entry,) = archive_source(make_tar(tmp_path / "a.tar", name)).entries

    assert entry.fault == "its name is too long"


def test_last_member_of_a_name_counts(tmp_path: Path) -> None:
    path = make_tar(tmp_path / "a.tar", "a.jpg", "b.jpg")
    with tarfile.open(path, "a") as archive:
        info = tarfile.TarInfo("a.jpg")
        info.size = 3
        archive.addfile(info, io.BytesIO(b"new"))

    assert contents(archive_source(path)) == ["new", "b.jpg"]


def test_tar_that_is_cut_off_is_refused(tmp_path: Path) -> None:
    path = make_tar(tmp_path / "a.tgz", *(f"{number}.jpg" for number in range(500)), mode="w:gz")
    path.write_bytes(path.read_bytes()[:-100])

    with pytest.raises(UnreadableSource, match="is broken or cut off"):
        archive_source(path)


def test_too_many_bytes_are_not_read(tmp_path: Path) -> None:
    make(tmp_path, "a.jpg")
    tar = archive_source(make_tar(tmp_path / "a.tar", "a.jpg"))

    for source in (folder_source(tmp_path, tmp_path / "out"), tar):
        with source.open(4) as read, pytest.raises(ImageTooLarge, match="5 bytes; the limit is 4"):
            read(source.entries[0])


def test_pipe_is_not_read(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "a.jpg")
    source = folder_source(tmp_path, tmp_path / "out")

    with source.open(MOST) as read, pytest.raises(OSError, match="no file"):
        read(source.entries[0])
