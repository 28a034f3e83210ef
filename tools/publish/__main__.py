import argparse
import sys
import time

from nbclient.exceptions import CellExecutionError

from publish import build_site, build_slides


def main() -> None:
    builders = {"site": build_site, "slides": build_slides}
    parser = argparse.ArgumentParser(prog="publish", description="Build the site or the slides.")
    parser.add_argument("what", choices=builders)
    what = parser.parse_args().what
    started = time.perf_counter()
    try:
        folder = builders[what]()
    except (CellExecutionError, RuntimeError) as error:
        sys.exit(str(error))
    print(f"{what}: {folder / 'index.html'} in {time.perf_counter() - started:.0f} s")


main()
