"""Names of the layouts that data sets come in."""

from typing import Literal

Layout = Literal["lip", "pascal-person-part", "atr", "ppss"]
