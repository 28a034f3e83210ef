"""Settings shared by the tests and by nbval, which collects the lessons outside tests/."""

import os

from hypothesis import settings

settings.register_profile("project", deadline=None, derandomize="CI" in os.environ)
settings.load_profile("project")


def pytest_collectstart(collector):
    """What a lesson prints on stderr (progress bars, warnings with paths) is not compared."""
    if hasattr(collector, "skip_compare"):
        collector.skip_compare += ("stderr",)
