"""Convert one CCP annotation to a LIP label map, given the person's pose.

CCP says what a person wears, not which leg or foot is which: `skin` is one label for the whole
body and shoes have no side. Body landmarks settle both:

1. Every CCP label with one counterpart in LIP takes it (`garments`).
2. The pose must be this person's. Where the joints miss the annotated pixels, skin, shoes, belts
   and jewellery are ignored.
3. Skin is split into face, arms and legs (`skin`), shoes into left and right (`shoes`), and bare
   lower legs are brought in line with the shoes they end in (`legs`).
4. Belts and jewellery become part of what they are worn on (`fills`).

Left and right are the person's own, as in LIP.
"""

import numpy as np
from numpy.typing import NDArray

from limn.labels import IGNORE_INDEX, LIP
from training.ccp.fills import fill_accessories
from training.ccp.garments import sort_garments
from training.ccp.geometry import LabelMap
from training.ccp.landmarks import Joint, Landmarks, Pose
from training.ccp.legs import LEGS, join_legs
from training.ccp.shoes import split_shoes
from training.ccp.skin import split_skin


def convert(
    annotation: NDArray[np.uint8], class_names: tuple[str, ...], landmarks: Landmarks | None
) -> LabelMap:
    """Convert one annotation.

    Args:
        annotation: uint8[H, W], indices into `class_names`.
        class_names: CCP's label list.
        landmarks: the pose found in the photo; None where none was found.

    Returns:
        uint8[H, W]: LIP class index, 255 where the class cannot be known.
    """
    garments = sort_garments(annotation, class_names)
    label_map = garments.label_map.copy()
    pose = None if landmarks is None else Pose.locate(landmarks, garments.foreground)
    if pose is None or not pose.fits(garments.foreground):
        undecided = (
            garments.skin
            | garments.shoes
            | garments.belts
            | garments.jewellery
            | garments.by_height
        )
        label_map[undecided] = IGNORE_INDEX
        return label_map

    rows = np.nonzero(garments.by_height)[0]
    is_above = rows < pose.middle(Joint.HIP)[1]
    label_map[garments.by_height] = np.where(
        is_above, LIP.index("upper-clothes"), LIP.index("pants")
    )
    skin = split_skin(garments.skin, pose)
    label_map[garments.skin] = skin[garments.skin]
    covers = np.isin(label_map, [*LEGS, LIP.index("socks")])
    feet = split_shoes(garments.shoes, covers, pose)
    label_map[garments.shoes] = feet[garments.shoes]
    join_legs(label_map, feet, pose)
    fill_accessories(label_map, garments.belts, garments.jewellery, garments.skin, 0.12 * pose.unit)
    return label_map
