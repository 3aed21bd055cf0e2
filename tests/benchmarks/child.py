"""One measurement in a process of its own, so that its memory is its own: prints its figures as JSON."""

import json
import resource
import sys
from importlib import import_module

import django

WORKS = {
    "world": "tests.benchmarks.world.make_world",
    "publish": "tests.benchmarks.rescoring.publish_anew",
    "rescore": "tests.benchmarks.rescoring.rescore",
    "crossings": "tests.benchmarks.crossings.cross",
    "single": "tests.benchmarks.single.read",
    "ingest": "tests.benchmarks.ingest.take_in",
    "enforcement": "tests.benchmarks.enforcing.enforce",
    "pages": "tests.benchmarks.pages.look",
    "reports": "tests.benchmarks.reporting.report",
}


def peak_memory() -> float:
    """Return the most memory this process has held, in MiB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def main() -> None:
    """Do the work that the first argument names, with the others as numbers."""
    django.setup()
    module, function = WORKS[sys.argv[1]].rsplit(".", 1)
    figures = getattr(import_module(module), function)(*[int(argument) for argument in sys.argv[2:]])
    sys.stdout.write(json.dumps({**(figures or {}), "peak": peak_memory()}) + "\n")


if __name__ == "__main__":
    main()
