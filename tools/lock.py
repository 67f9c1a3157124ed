"""Pin what extras need: `python tools/lock.py cpu train` prints `name==version` lines.

Walks the requirements of Limn through what is installed in this environment, which is what the
tests passed with. Versions only: no hashes and no addresses, so that one file serves every mirror,
and no build tags such as `+cpu`, so that each machine takes the build it has.
"""

import sys
from importlib.metadata import distribution

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name


def closure(extras: list[str]) -> dict[str, str]:
    """Versions by name of everything that `limn[extras]` needs, itself left out.

    Raises:
        PackageNotFoundError: something is not installed.
    """
    pins: dict[str, str] = {}
    seen: set[tuple[str, str]] = set()
    waiting = [("limn", extra) for extra in ["", *extras]]
    while waiting:
        name, extra = waiting.pop()
        if (name, extra) in seen:
            continue
        seen.add((name, extra))
        package = distribution(name)
        pins[canonicalize_name(name)] = package.version.split("+")[0]
        for line in package.requires or ():
            needed = Requirement(line)
            if needed.marker is None or needed.marker.evaluate({"extra": extra}):
                waiting += [(needed.name, wanted) for wanted in ["", *needed.extras]]
    del pins["limn"]
    return pins


if __name__ == "__main__":
    for name, version in sorted(closure(sys.argv[1:]).items()):
        print(f"{name}=={version}")
