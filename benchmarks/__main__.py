"""`python -m benchmarks [NAME...]`: run the benchmarks of this folder, or those named."""

import importlib
import pkgutil
import sys

import benchmarks


def main() -> int:
    """Print a line for each figure. A benchmark is a module with `run()`, which gives pairs."""
    modules = pkgutil.iter_modules(benchmarks.__path__)
    names = [m.name for m in modules if m.name != "__main__" and not m.ispkg]
    chosen = sys.argv[1:] or names
    if unknown := set(chosen) - set(names):
        sys.stderr.write(
            f"no such benchmark: {', '.join(unknown)} (there are {', '.join(names)})\n"
        )
        return 2
    for name in chosen:
        figures = dict(importlib.import_module(f"benchmarks.{name}").run())
        sys.stdout.write(f"{name}\n")
        for label, figure in figures.items():
            sys.stdout.write(f"  {label:<48} {figure}\n")
        sys.stdout.flush()
    return 0


if __name__ == "__main__":
    sys.exit(main())
