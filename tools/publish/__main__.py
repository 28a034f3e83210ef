import sys

from nbclient.exceptions import CellExecutionError

from publish import build_site, build_slides

BUILDERS = {"site": build_site, "slides": build_slides}

if sys.argv[1:] not in ([name] for name in BUILDERS):
    sys.exit(f"Usage: python -m publish {'|'.join(BUILDERS)}")
try:
    print(BUILDERS[sys.argv[1]]() / "index.html")
except (CellExecutionError, RuntimeError) as error:
    sys.exit(str(error))
