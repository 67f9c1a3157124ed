"""The tables of both papers, as numbers to stand beside ours.

Transcribed from the papers; averages were checked against their columns. What the text of the SSL
paper's table 6 lost is left out, the ATR column among it; its column of common classes was put to
its rows by us, from the averages of table 4.
"""

from dataclasses import dataclass

from training.datasets.layout import Layout

OVERALL_ACCURACY = "overall accuracy"
MEAN_ACCURACY = "mean accuracy"
MEAN_IOU = "mean IoU"
LOW_MEAN_IOU = "low-resolution mean IoU"
COMMON = "mean IoU of 16 classes"
SIZES = ("small", "medium", "large")
INPUTS = ("input 153", "input 321", "input 513")

PICTURES: dict[Layout, int] = {"lip": 10_000, "pascal-person-part": 1_817, "ppss": 1_892}
"""How many the papers' numbers are of."""

_LIP = (
    "hat",
    "hair",
    "glove",
    "sunglasses",
    "upper-clothes",
    "dress",
    "coat",
    "socks",
    "pants",
    "jumpsuits",
    "scarf",
    "skirt",
    "face",
    "left-arm",
    "right-arm",
    "left-leg",
    "right-leg",
    "left-shoe",
    "right-shoe",
    "background",
)
_PASCAL = (
    "head",
    "torso",
    "upper-arms",
    "lower-arms",
    "upper-legs",
    "lower-legs",
    "background",
)
_PPSS = ("hair", "face", "upper-clothes", "arms", "lower-clothes", "legs", "background")


@dataclass(frozen=True)
class PublishedTable:
    """One table of a paper; percent unless a column says otherwise.

    Attributes:
        paper: MMAN or SSL.
        number: as the paper numbers it.
        title: what it was measured on.
        layout: of the data set.
        columns: class names for their IoU, or one of the names above.
        rows: method to the values of its columns, `-` where none is known.
        truth_is_public: whether we could measure a row of our own.
    """

    paper: str
    number: int
    title: str
    layout: Layout
    columns: tuple[str, ...]
    rows: dict[str, str]
    truth_is_public: bool = True

    def values(self, method: str) -> list[float | None]:
        """One value per column."""
        return [None if word == "-" else float(word) for word in self.rows[method].split()]


PUBLISHED = (
    PublishedTable(
        "MMAN",
        1,
        "LIP val",
        "lip",
        (*_LIP, MEAN_IOU),
        {
            "SegNet": "26.60 44.01 0.01 0.00 34.46 0.00 15.97 3.59 33.56 0.01 0.00 0.00 52.38"
            " 15.30 24.23 13.82 13.17 9.26 6.47 70.62 18.17",
            "FCN-8s": "39.79 58.96 5.32 3.08 49.08 12.36 26.82 15.66 49.41 6.48 0.00 2.16 62.65"
            " 29.78 36.63 28.12 26.05 17.76 17.70 78.02 28.29",
            "Attention": "58.87 66.78 23.32 19.48 63.20 29.63 49.70 35.23 66.04 24.73 12.84"
            " 20.41 70.58 50.17 54.03 38.35 37.70 26.20 27.09 84.00 42.92",
            "DeepLab-ASPP": "56.48 65.33 29.98 19.67 62.44 30.33 51.03 40.51 69.00 22.38 11.29"
            " 20.56 70.11 49.25 52.88 42.37 35.78 33.81 32.89 84.53 44.03",
            "Attention + SSL": "59.75 67.25 28.95 21.57 65.30 29.49 51.92 38.52 68.02 24.48"
            " 14.92 24.32 71.01 52.64 55.79 40.23 38.80 28.08 29.03 84.56 44.73",
            "Do-DeepLab-ASPP": "56.16 65.28 28.53 20.16 62.54 29.04 51.22 38.00 69.82 22.62"
            " 10.63 19.94 69.88 51.83 53.01 45.68 46.08 35.82 34.72 83.47 44.72",
            "Macro AN": "57.24 65.28 28.87 19.56 64.02 27.51 51.39 38.13 70.11 22.81 9.05 19.35"
            " 68.60 54.19 56.29 50.57 51.22 37.15 37.42 83.25 45.60",
            "Micro AN": "57.47 65.05 28.66 16.93 63.95 31.45 51.11 39.64 70.85 25.58 6.87 18.96"
            " 68.89 53.62 56.69 49.81 49.42 35.35 35.65 84.46 45.52",
            "ASN (same baseline)": "56.92 64.34 28.07 17.78 64.90 30.85 51.90 39.75 71.78 25.57"
            " 7.97 17.63 70.77 53.53 56.70 49.58 48.21 34.57 33.31 84.01 45.41",
            "SSL (same baseline)": "58.21 67.17 31.20 23.65 63.66 28.31 52.35 39.58 69.40 28.61"
            " 13.70 22.52 74.84 52.83 55.67 48.22 47.49 31.80 29.97 84.64 46.19",
            "MMAN": "57.66 65.63 30.07 20.02 64.15 28.39 51.98 41.46 71.03 23.61 9.65 23.20"
            " 69.54 55.30 58.13 51.90 52.17 38.58 39.05 84.75 46.81",
        },
    ),
    PublishedTable(
        "MMAN",
        2,
        "PASCAL-Person-Part test",
        "pascal-person-part",
        (*_PASCAL, MEAN_IOU),
        {
            "DeepLab-ASPP": "81.33 60.06 41.16 40.95 37.49 32.56 92.81 55.19",
            "HAZN": "80.79 59.11 43.05 42.76 38.99 34.46 93.59 56.11",
            "Attention": "81.47 59.06 44.15 42.50 38.28 35.62 93.65 56.39",
            "LG-LSTM": "82.72 60.99 45.40 47.76 42.33 37.96 88.63 57.97",
            "Attention + SSL": "83.26 62.40 47.80 45.58 42.32 39.48 94.68 59.36",
            "Do-DeepLab-ASPP": "81.82 59.53 44.80 42.79 38.32 36.38 93.91 56.79",
            "Macro AN": "82.01 61.19 45.24 44.30 39.73 36.75 93.89 57.58",
            "Micro AN": "82.44 61.35 44.79 43.68 38.41 36.05 93.93 57.23",
            "MMAN": "82.46 61.41 46.05 45.17 40.93 38.83 94.30 58.45",
            "Attention + MMAN": "82.58 62.83 48.49 47.37 42.80 40.40 94.92 59.91",
        },
    ),
    PublishedTable(
        "MMAN",
        3,
        "PPSS test, trained on LIP",
        "ppss",
        (*_PPSS, MEAN_IOU),
        {
            "DL": "22.0 29.1 57.3 10.6 46.1 12.9 68.6 35.2",
            "DDN": "35.5 44.1 68.4 17.0 61.7 23.8 80.0 47.2",
            "ASN": "51.7 51.0 65.9 29.5 52.8 20.3 83.8 50.7",
            "MMAN": "53.1 50.2 69.0 29.4 55.9 21.4 85.7 52.1",
        },
    ),
    PublishedTable(
        "MMAN",
        4,
        "LIP val, consistency; what IPR counts is not published",
        "lip",
        ("IPR", LOW_MEAN_IOU, MEAN_IOU),
        {
            "baseline": "5.62 50.66 44.72",
            "+ Macro D": "4.23 55.79 45.60",
            "+ Micro D": "2.81 53.60 45.52",
            "+ CRF": "1.53 52.77 45.45",
            "MMAN": "2.47 56.95 46.81",
        },
    ),
    PublishedTable(
        "MMAN",
        5,
        "LIP val, discriminators and their millions of parameters",
        "lip",
        ("parameters (M)", MEAN_IOU),
        {
            "sAN": "3.2 45.23",
            "dAN": "3.8 46.15",
            "mAN": "1.8 46.97",
            "MMAN": "1.2 46.81",
        },
    ),
    PublishedTable(
        "SSL",
        2,
        "LIP val",
        "lip",
        (OVERALL_ACCURACY, MEAN_ACCURACY, MEAN_IOU),
        {
            "SegNet": "69.04 24.00 18.17",
            "FCN-8s": "76.06 36.75 28.29",
            "DeepLabV2": "82.66 51.64 41.64",
            "Attention": "83.43 54.39 42.92",
            "DeepLabV2 + SSL": "83.16 52.55 42.44",
            "Attention + SSL": "84.36 54.94 44.73",
        },
    ),
    PublishedTable(
        "SSL",
        3,
        "LIP test",
        "lip",
        (OVERALL_ACCURACY, MEAN_ACCURACY, MEAN_IOU),
        {
            "SegNet": "69.10 24.26 18.37",
            "FCN-8s": "76.28 37.18 28.69",
            "DeepLabV2": "82.89 51.53 41.56",
            "Attention": "83.56 54.28 42.97",
            "DeepLabV2 + SSL": "83.37 52.53 42.46",
            "Attention + SSL": "84.53 54.81 44.59",
        },
        truth_is_public=False,
    ),
    PublishedTable(
        "SSL",
        4,
        "LIP val",
        "lip",
        (*_LIP, MEAN_IOU),
        {
            "SegNet": "26.60 44.01 0.01 0.00 34.46 0.00 15.97 3.59 33.56 0.01 0.00 0.00 52.38"
            " 15.30 24.23 13.82 13.17 9.26 6.47 70.62 18.17",
            "FCN-8s": "39.79 58.96 5.32 3.08 49.08 12.36 26.82 15.66 49.41 6.48 0.00 2.16 62.65"
            " 29.78 36.63 28.12 26.05 17.76 17.70 78.02 28.29",
            "DeepLabV2": "57.94 66.11 28.50 18.40 60.94 23.17 47.03 34.51 64.00 22.38 14.29"
            " 18.74 69.70 49.44 51.66 37.49 34.60 28.22 22.41 83.25 41.64",
            "Attention": "58.87 66.78 23.32 19.48 63.20 29.63 49.70 35.23 66.04 24.73 12.84"
            " 20.41 70.58 50.17 54.03 38.35 37.70 26.20 27.09 84.00 42.92",
            "DeepLabV2 + SSL": "58.41 66.22 28.76 20.05 62.26 21.18 48.17 36.12 65.16 22.94"
            " 14.84 19.37 70.01 50.45 53.39 37.59 36.96 26.29 26.87 83.67 42.44",
            "Attention + SSL": "59.75 67.25 28.95 21.57 65.30 29.49 51.92 38.52 68.02 24.48"
            " 14.92 24.32 71.01 52.64 55.79 40.23 38.80 28.08 29.03 84.56 44.73",
        },
    ),
    PublishedTable(
        "SSL",
        5,
        "PASCAL-Person-Part test",
        "pascal-person-part",
        (*_PASCAL, MEAN_IOU),
        {
            "DeepLab-LargeFOV": "78.09 54.02 37.29 36.85 33.73 29.61 92.85 51.78",
            "HAZN": "80.79 59.11 43.05 42.76 38.99 34.46 93.59 56.11",
            "Attention": "81.47 59.06 44.15 42.50 38.28 35.62 93.65 56.39",
            "LG-LSTM": "82.72 60.99 45.40 47.76 42.33 37.96 88.63 57.97",
            "Attention + SSL": "83.26 62.40 47.80 45.58 42.32 39.48 94.68 59.36",
        },
    ),
    PublishedTable(
        "SSL",
        6,
        "LIP val, mean IoU under other conditions",
        "lip",
        (COMMON, *SIZES, *INPUTS),
        {
            "SegNet": "21.79 16.53 18.58 18.18 16.92 18.37 16.44",
            "FCN-8s": "- 22.37 29.41 28.09 14.52 15.55 16.25",
            "DeepLabV2": "43.97 28.77 40.74 43.02 36.49 37.59 37.28",
            "Attention": "- 31.71 41.61 44.90 - - -",
            "DeepLabV2 + SSL": "- 30.05 41.50 44.10 38.27 38.97 39.84",
            "Attention + SSL": "46.85 33.48 43.12 46.73 - - -",
        },
    ),
)
