"""`python3 -m serving.check`: whether an artifact may be loaded, before anything loads it."""

import argparse
import sys
from pathlib import Path

from serving import digests, models
from serving.errors import Unusable
from serving.models import saved_model


def main() -> int:
    """Read the command line and check; returns the exit code. The last line says what is wrong."""
    parser = argparse.ArgumentParser(prog="python3 -m serving.check", description=__doc__)
    parser.add_argument("--model-dir", required=True, type=Path, help="folder of the artifact")
    parser.add_argument("--address", default="", help="where it comes from, for what is said")
    parser.add_argument("--record", type=Path, help="completion record of its training")
    parser.add_argument("--model-name", default="", help="name of the model")
    parser.add_argument(
        "--framework", choices=sorted(models.FRAMEWORKS), help="whose formats it must have"
    )
    parser.add_argument(
        "--versions", type=Path, help="folder to link each SavedModel into, by its version"
    )
    given = parser.parse_args()
    try:
        if given.record:
            count = digests.verify(given.model_dir, given.record)
            sys.stdout.write(f"[easymaker] {count} files are as their training made them\n")
        if given.framework:
            models.FRAMEWORKS[given.framework].find(given.model_dir, given.model_name)
        if given.versions:
            link(given.model_dir, given.versions)
    except Unusable as error:
        where = f"{given.address}: " if given.address else ""
        sys.stderr.write(f"no model: {where}{error}\n")
        return 1
    return 0


def link(folder: Path, versions: Path) -> None:
    """Put a SavedModel where TensorFlow Serving looks for it; it takes the highest number."""
    for number, found in saved_model.versions(folder).items():
        place = versions / number
        place.unlink(missing_ok=True)  # of a check before this one
        place.symlink_to(found, target_is_directory=True)


if __name__ == "__main__":
    sys.exit(main())
