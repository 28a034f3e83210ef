"""Print the lowest versions that pyproject.toml allows, as constraints for pip.

python3 tools/lowest.py > lowest.txt
make test CONSTRAINTS=lowest.txt
"""

import tomllib
from pathlib import Path

PYPROJECT = Path(__file__).parents[1] / "pyproject.toml"

project = tomllib.loads(PYPROJECT.read_text("utf-8"))["project"]
extras = project["optional-dependencies"]
for asked in sorted([*project["dependencies"], *extras["docs"], *extras["test"]]):
    if asked.startswith("ipywidgets"):  # 7 works in Google Colab, but JupyterLab 4 shows none of it
        print("ipywidgets==8.1")
    elif ">=" in asked:  # what has no bound is an extra of our own
        print(asked.replace(">=", "=="))
