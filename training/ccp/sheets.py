"""Contact sheets: every photo beside its label map and the two blended, to be looked through."""

from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from limn.labels import LIP
from training.ccp.geometry import LabelMap

PHOTOS_PER_SHEET = 8
_COLUMNS = 4
_TILE_HEIGHT = 420
_TILE_WIDTH = 3 * 280
_LEGEND_ROW = 24
_LEGEND_COLUMNS = 10

_ImageU8 = NDArray[np.uint8]


def contact_sheet(entries: list[tuple[str, _ImageU8, LabelMap]]) -> _ImageU8:
    """Draw one sheet.

    Args:
        entries: id, photo (uint8[H, W, 3], BGR) and label map (uint8[H, W]) of every picture.

    Returns:
        uint8[h, w, 3], BGR: a legend above the pictures in rows of four.
    """
    tiles = [_tile(*entry) for entry in entries]
    tiles += [np.zeros_like(tiles[0])] * (-len(tiles) % _COLUMNS)
    rows = [np.hstack(tiles[start : start + _COLUMNS]) for start in range(0, len(tiles), _COLUMNS)]
    return np.vstack([_legend(), *rows])


def write_sheet(path: Path, files: list[tuple[str, Path, Path]]) -> None:
    """Draw the contact sheet of photo and label map files.

    Args:
        path: the JPEG to write.
        files: id, path of the photo and path of the label map of every picture.
    """
    entries = [
        (photo_id, _read(photo, cv2.IMREAD_COLOR), _read(label_map, cv2.IMREAD_UNCHANGED))
        for photo_id, photo, label_map in files
    ]
    cv2.imwrite(str(path), contact_sheet(entries), [cv2.IMWRITE_JPEG_QUALITY, 85])


def _read(path: Path, flags: int) -> _ImageU8:
    image = cv2.imread(str(path), flags)
    if image is None:
        raise FileNotFoundError(path)
    return image.astype(np.uint8, copy=False)


def _tile(photo_id: str, photo: _ImageU8, label_map: LabelMap) -> _ImageU8:
    colored = LIP.palette[label_map][:, :, ::-1]
    blended = cv2.addWeighted(photo, 0.5, np.ascontiguousarray(colored), 0.5, 0)
    strip = np.hstack([photo, colored, blended])
    tile = np.zeros((_TILE_HEIGHT, _TILE_WIDTH, 3), dtype=np.uint8)
    scale = min(_TILE_HEIGHT / strip.shape[0], _TILE_WIDTH / strip.shape[1])
    size = (round(strip.shape[1] * scale), round(strip.shape[0] * scale))
    tile[: size[1], : size[0]] = cv2.resize(strip, size, interpolation=cv2.INTER_AREA)
    _write(tile, photo_id, (4, 18))
    return tile


def _legend() -> _ImageU8:
    entries = [*enumerate(LIP.classes), (255, "ignore")]
    rows = -(-len(entries) // _LEGEND_COLUMNS)
    legend = np.zeros((rows * _LEGEND_ROW, _COLUMNS * _TILE_WIDTH, 3), dtype=np.uint8)
    width = legend.shape[1] // _LEGEND_COLUMNS
    for position, (class_index, class_name) in enumerate(entries):
        row, column = divmod(position, _LEGEND_COLUMNS)
        top, left = row * _LEGEND_ROW, column * width
        legend[top + 2 : top + _LEGEND_ROW - 2, left + 2 : left + 40] = LIP.palette[class_index][
            ::-1
        ]
        _write(legend, f"{class_index} {class_name}", (left + 46, top + 18))
    return legend


def _write(image: _ImageU8, text: str, origin: tuple[int, int]) -> None:
    """Write white text with a black rim, in place; `origin` is (x, y) of its lower left corner."""
    for color, thickness in (((0, 0, 0), 4), ((255, 255, 255), 1)):
        cv2.putText(image, text, origin, cv2.FONT_HERSHEY_SIMPLEX, 0.6, color, thickness)
