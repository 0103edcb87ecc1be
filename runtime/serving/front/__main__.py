"""`python3 -m serving.front`: stand before TensorFlow Serving (v1) or a v2 server."""

import argparse
import os
import sys
from pathlib import Path

from serving import options, server
from serving.front.upstream import PROTOCOLS, Upstream


def main() -> int:
    """Read the command line and serve; returns the exit code."""
    parser = argparse.ArgumentParser(prog="python3 -m serving.front", description=__doc__)
    parser.add_argument("--upstream", required=True, help="URL, such as http://127.0.0.1:8501")
    parser.add_argument("--protocol", required=True, choices=sorted(PROTOCOLS))
    parser.add_argument(
        "--model-dir", type=Path, help="folder of the artifact, for an example of a request"
    )
    options.add(parser)
    given = parser.parse_args()
    try:
        chosen = options.read(given)
        protocol = PROTOCOLS[given.protocol](given.upstream, chosen.model_name, chosen.timeout)
    except ValueError as error:
        parser.error(str(error))
    return server.run(Upstream(protocol, given.model_dir, chosen.log()), chosen)


if __name__ == "__main__":
    code = main()
    sys.stdout.flush()
    # Not sys.exit: that waits for threads, and one may wait for the other server for ever.
    os._exit(code)
