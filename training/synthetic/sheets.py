"""Contact sheets of rendered pictures, to be looked through for faults."""

from training.ccp.sheets import write_sheet
from training.synthetic.output import Output

_PER_SHEET = 16


def draw_sheets(output: Output, count: int) -> None:
    """Draw what is complete of the first `count` pictures into `sheets/`, anew each time."""
    folder = output.folder / "sheets"
    folder.mkdir(exist_ok=True)
    complete = [index for index in range(count) if output.description(index).exists()]
    for start in range(0, len(complete), _PER_SHEET):
        group = complete[start : start + _PER_SHEET]
        files = [(str(index), *output.pair(index)) for index in group]
        write_sheet(folder / f"{group[0]:06}.jpg", files)
