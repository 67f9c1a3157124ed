"""Everything that is loaded once to show people: body, wardrobe, poses, skin, places."""

from dataclasses import dataclass

from training.synthetic.bodies import BodyModel, load_body_model
from training.synthetic.closet import Closet
from training.synthetic.collisions import CollisionTest
from training.synthetic.places import Places
from training.synthetic.posing import Poser
from training.synthetic.skin import SkinPainter
from training.synthetic.sources import Sources


@dataclass(frozen=True)
class Studio:
    """What a worker keeps between pictures."""

    model: BodyModel
    closet: Closet
    poser: Poser
    painter: SkinPainter
    places: Places
    collisions: CollisionTest

    @staticmethod
    def open(sources: Sources) -> "Studio":
        """Load it.

        Raises:
            SynthesisError: a folder or a package is missing.
        """
        model = load_body_model(sources.body)
        return Studio(
            model,
            Closet(sources.parts, sources.package),
            Poser(model, sources.parts / "makehuman" / "poses"),
            SkinPainter(sources.parts / "skin_masks"),
            Places(sources.ccp),
            CollisionTest(model),
        )
