"""Fixtures that tests of every kind use."""

pytest_plugins = ["tests.fixtures.cpu", "tests.fixtures.trained", "tests.fixtures.triton"]
