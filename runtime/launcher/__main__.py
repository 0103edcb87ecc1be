"""`python3 -I LAUNCHER_DIRECTORY`: run the training that the job document describes."""

import os
import sys

_HERE = os.path.dirname(os.path.abspath(__file__))
# The folder is mounted file by file; the modules import each other as a package.
sys.path.insert(0, os.path.dirname(_HERE))

from launcher.main import main  # noqa: E402

if __name__ == "__main__":
    sys.exit(main(home=os.path.dirname(_HERE)))
