"""Everything that is found out about a model on one data set."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

from training.comparison import comparison
from training.conditions import by_what_is_shown
from training.consistency import Consistency
from training.datasets.dataset import ParsingDataset
from training.evaluation import Evaluation, Measure, evaluate, evaluate_stress
from training.rendered import by_view
from training.stress import STRESSES
from training.subject import Subject, View


@dataclass(frozen=True)
class Plan:
    """What to find out.

    Attributes:
        view: how the model sees pictures; everything but `others` is of this.
        others: more ways of seeing them, by name.
        stress: whether harder pictures are made of the data set's own.
    """

    view: View
    others: dict[str, View] = field(default_factory=dict)
    stress: bool = False

    @property
    def passes(self) -> int:
        """How often every picture is parsed, give or take what stress cannot show."""
        return 1 + len(set(self.others.values()) - {self.view}) + len(STRESSES) * self.stress


@dataclass(frozen=True)
class Examination:
    """What was found out.

    Attributes:
        evaluations: the photos, then each condition of stress.
        views: the photos seen in other ways.
        consistency: isolated pixels and the low-resolution head.
        conditions: the photos by what they show and by size.
        rendered: rendered pictures by the view that was drawn; none of photos.
    """

    evaluations: list[Evaluation]
    views: list[Evaluation]
    consistency: Consistency
    conditions: list[Evaluation]
    rendered: list[Evaluation] = field(default_factory=list)


def other_views(
    subject: Subject, view: View, ablations: bool, sides: Sequence[int], crf: bool
) -> dict[str, View]:
    """Rows of the tables: scales and flip, single-scale inputs of these sides, a dense CRF."""
    views = {}
    if ablations:
        views["single scale"] = View((1.0,))
        views["multi-scale"] = View(subject.scales)
        views["multi-scale + flip"] = View(subject.scales, flip=True)
    views |= {f"input {side}": View((1.0,), side=side) for side in sides}
    if crf:
        views["+ CRF"] = replace(view, crf=True)
    return views


def examine(
    subject: Subject, dataset: ParsingDataset, plan: Plan, on_picture: Callable[[], None]
) -> Examination:
    """Parse the data set as often as the plan asks.

    Raises:
        InvalidParameter: the model's labels cannot be told as the data set's, or it cannot be
            shown pictures in one of these ways.
    """
    terms = comparison(subject.label_set, dataset.label_set)
    # Whatever cannot be done is refused here, before hours of parsing.
    parsers = {view: subject.parser(view) for view in (plan.view, *plan.others.values())}
    with parsers.pop(plan.view) as parse:
        consistency = Consistency(parse, terms, subject.canvas)
        conditions, rendered = by_what_is_shown(terms), by_view(terms, dataset)
        measures: list[Measure] = [consistency, conditions, *([rendered] if rendered else [])]
        photos = evaluate(dataset, parse, on_picture, terms, measures)
        stressed = evaluate_stress(dataset, parse, on_picture, terms) if plan.stress else []
    known = {plan.view: photos}
    for view, parser in parsers.items():
        with parser as parse:
            known[view] = evaluate(dataset, parse, on_picture, terms)
    views = [replace(known[view], name=name) for name, view in plan.others.items()]
    return Examination(
        [photos, *stressed],
        views,
        consistency,
        conditions.evaluations(),
        rendered.evaluations() if rendered else [],
    )
