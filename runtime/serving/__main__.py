"""`python3 -m serving`: serve the artifact in a folder."""

import argparse
import os
import sys
from pathlib import Path

from serving import cpus, models, options, server
from serving.artifact import Artifact


def main() -> int:
    """Read the command line and serve; returns the exit code."""
    parser = argparse.ArgumentParser(prog="python3 -m serving", description=__doc__)
    parser.add_argument("--framework", required=True, choices=sorted(models.FRAMEWORKS))
    parser.add_argument("--model-dir", required=True, type=Path, help="folder of the artifact")
    options.add(parser)
    given = parser.parse_args()
    cpus.tell_frameworks(os.environ)
    try:
        chosen = options.read(given)
    except ValueError as error:
        parser.error(str(error))
    framework = models.FRAMEWORKS[given.framework]
    return server.run(Artifact(framework, given.model_dir, chosen.model_name, chosen.log()), chosen)


if __name__ == "__main__":
    code = main()
    sys.stdout.flush()
    # Not sys.exit: that waits for threads, and one may sit in a prediction that never ends.
    os._exit(code)
