"""Print the lowest versions that pyproject.toml allows, as constraints for pip.

python3 tools/lowest.py > lowest.txt
make test CONSTRAINTS=lowest.txt
"""

import tomllib
from pathlib import Path

PYPROJECT = Path(__file__).parents[1] / "pyproject.toml"


def lowest() -> list[str]:
    project = tomllib.loads(PYPROJECT.read_text("utf-8"))["project"]
    extras = project["optional-dependencies"]
    asked_for = [*project["dependencies"], *extras["docs"], *extras["test"]]
    # Every bound is a lower one, which a test holds; what has none is an extra of our own.
    return sorted(each.replace(">=", "==") for each in asked_for if ">=" in each)


if __name__ == "__main__":
    print("\n".join(lowest()))
