"""Room for requests, their bodies and their work: taken, refused, given back."""

import pytest

from service.admission import Admission
from service.budget import WorkBudget
from service.engines import protocol
from service.errors import Overloaded, TooCostly
from service.metrics import Metrics


def admission(limit: int = 2, max_bytes: int = 100) -> Admission:
    return Admission(limit, max_bytes, Metrics())


def test_place_is_refused_while_all_are_taken() -> None:
    full = admission(limit=1)

    with (
        full.admitted(),
        pytest.raises(Overloaded, match="1 requests are in flight"),
        full.admitted(),
    ):
        pass
    with full.admitted():
        pass


def test_bodies_share_their_bytes_and_give_them_back() -> None:
    metrics = Metrics()
    shared = Admission(3, 100, metrics)

    with shared.admitted() as first:
        first.hold(60)
        with shared.admitted() as second:
            second.hold(40)
            with pytest.raises(Overloaded, match="bodies of 100 bytes"):
                first.hold(61)
            assert metrics.body_bytes_in_flight._value.get() == 100
        first.hold(100)
    with shared.admitted() as third:
        third.hold(100)
    assert metrics.body_bytes_in_flight._value.get() == 0


def test_bytes_that_were_announced_are_not_counted_again_as_they_arrive() -> None:
    with admission().admitted() as place:
        place.hold(90)
        place.hold(10)
        place.hold(90)

        assert place.body_bytes == 90


def test_place_is_given_back_where_its_bytes_were_refused() -> None:
    one = admission(limit=1)

    with pytest.raises(Overloaded), one.admitted() as place:
        place.hold(101)
    with one.admitted() as place:
        place.hold(100)


def test_work_is_refused_beside_too_much_other_work() -> None:
    budget = WorkBudget(10)

    with budget.work(6):
        with pytest.raises(Overloaded, match="work of 6 units"), budget.work(5):
            pass
        with budget.work(4):
            assert budget.taken == 10
    assert budget.taken == 0


def test_work_that_turns_out_larger_is_counted_so() -> None:
    budget = WorkBudget(10)

    with budget.work(2) as work:
        work.amounts_to(7)
        assert budget.taken == 7
        work.amounts_to(1)
        assert budget.taken == 1
    assert budget.taken == 0


def test_work_that_turns_out_too_large_is_refused_and_all_is_given_back() -> None:
    budget = WorkBudget(10)

    with budget.work(5):
        with pytest.raises(Overloaded, match="work of 6 units"), budget.work(1) as work:
            work.amounts_to(6)
        assert budget.taken == 5
        with pytest.raises(TooCostly, match="this costs 11 units"), budget.work(1) as work:
            work.amounts_to(11)
    assert budget.taken == 0


def test_work_that_could_never_be_done_is_told_so() -> None:
    message = "this costs 11 units, and the limit is 10"

    with pytest.raises(TooCostly, match=message), WorkBudget(10).work(11):
        pass


@pytest.mark.parametrize(
    ("scales", "flip", "cost"), [((1,), False, 1), ((1,), True, 2), ((0.5, 1, 2), True, 10.5)]
)
def test_cost_is_what_the_network_is_shown(
    scales: tuple[float, ...], flip: bool, cost: float
) -> None:
    assert protocol.TestTimeSettings(scales, flip).cost == cost
