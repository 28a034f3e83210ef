"""Settings shared by the tests and by nbval, which collects the lessons outside tests/."""

import os

from hypothesis import settings

settings.register_profile("project", deadline=None, derandomize="CI" in os.environ)
settings.load_profile("project")


def pytest_collectstart(collector):
    """Two outputs of a lesson are not compared with the stored ones.

    stderr: progress bars, and warnings with paths. text/html: a figure's PNG again (nbval compares
    no PNG) with its text alternative, which is compared as text/plain.
    """
    if hasattr(collector, "skip_compare"):
        collector.skip_compare += ("stderr", "text/html")
