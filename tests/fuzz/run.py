"""Fuzz one target with libFuzzer's arguments: `python -m tests.fuzz.run images CORPUS -runs=100`.

Needs atheris, which `make fuzz` installs into an environment of its own.
"""

import sys
from importlib import import_module

import atheris

INSTRUMENTED = ["limn", "service", "PIL", "python_multipart", "starlette"]
"""Packages whose branches count; what is not Python is not among them."""


def main() -> None:
    name, *arguments = sys.argv[1:]
    with atheris.instrument_imports(include=INSTRUMENTED):
        target = import_module(f"tests.fuzz.{name}").TARGET
    atheris.Setup([sys.argv[0], *arguments], target.run)
    atheris.Fuzz()


if __name__ == "__main__":
    main()
