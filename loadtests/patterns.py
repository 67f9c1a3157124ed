"""How many users there are when, for each pattern of load."""

from loadtests.verdict import Pattern

STEADY_USERS = 4
STEPS = (1, 2, 4, 8)
SPIKE_USERS = 40
CALM_USERS = 2

DURATION_S: dict[Pattern, float] = {"steady": 60, "step": 80, "spike": 60, "soak": 1_800}


def users(pattern: Pattern, elapsed: float) -> int | None:
    """Users at a share `elapsed` of the duration; None when it is over."""
    if elapsed >= 1:
        return None
    if pattern == "step":
        return STEPS[int(elapsed * len(STEPS))]
    if pattern == "spike":
        # In the middle fifth.
        return SPIKE_USERS if 0.4 <= elapsed < 0.6 else CALM_USERS
    return STEADY_USERS
