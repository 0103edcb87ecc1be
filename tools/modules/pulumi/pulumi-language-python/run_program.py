"""Run one Pulumi program: the part of the language host that lives in the program's own Python.

Settings come as one JSON document on descriptor 3 (see `settings` in run.go).
Exit codes: 0, the program succeeded; 32, its error has been shown; others are the program's own.
"""

import asyncio
import json
import logging
import os
import runpy
import sys
import traceback
from concurrent.futures import ThreadPoolExecutor
from typing import Any

ERROR_WAS_SHOWN = 32
SETTINGS_DESCRIPTOR = 3

try:
    import pulumi
    import pulumi.runtime
except ImportError as error:
    sys.stderr.write(
        f"{sys.executable} has no Pulumi SDK, or a broken one: {error}\n"
        "Install the program's requirements there: `pulumi install`\n"
    )
    sys.exit(1)


def main() -> int:
    # Each line goes out when it is written, not when a buffer of 8 KiB is full.
    for stream in (sys.stdout, sys.stderr):
        stream.reconfigure(line_buffering=True)  # type: ignore[union-attr]
    with os.fdopen(SETTINGS_DESCRIPTOR) as file:
        settings: dict[str, Any] = json.load(file)

    pulumi.runtime.set_all_config(settings["config"] or {}, settings["config_secret_keys"] or [])
    pulumi.runtime.configure(
        pulumi.runtime.Settings(
            project=settings["project"],
            stack=settings["stack"],
            monitor=settings["monitor"],
            engine=settings["engine"],
            parallel=settings["parallel"],
            dry_run=settings["dry_run"],
            organization=settings["organization"],
            root_directory=settings["root_directory"],
        )
    )
    os.chdir(settings["directory"])
    program = settings["program"]
    sys.argv = [program, *(settings["arguments"] or [])]

    loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)
    # The SDK makes its calls to the engine in these threads: so many are under way at once.
    executor = ThreadPoolExecutor(max_workers=max(settings["parallel"], 1) * 4)
    loop.set_default_executor(executor)
    # A run that fails leaves futures behind that nobody awaits; asyncio would complain of each.
    logging.getLogger("asyncio").setLevel(logging.CRITICAL)
    try:
        loop.run_until_complete(pulumi.runtime.run_in_stack(lambda: _run(os.path.abspath(program))))
    except pulumi.RunError as error:
        pulumi.log.error(str(error))
        return ERROR_WAS_SHOWN
    except Exception as error:  # noqa: BLE001 - whatever the program raises is shown as its error
        pulumi.log.error(f"Program failed with an unhandled exception:\n{_own_traceback(error)}")
        return ERROR_WAS_SHOWN
    finally:
        executor.shutdown(wait=True)
        loop.close()
    return 0


def _run(path: str) -> None:
    main_file = os.path.join(path, "__main__.py") if os.path.isdir(path) else path
    if not os.path.exists(main_file):
        raise pulumi.RunError(f"the program {main_file} does not exist")
    runpy.run_path(path, run_name="__main__")


def _own_traceback(error: BaseException) -> str:
    """The traceback without the frames that lead from this file, by the SDK, to the program."""
    shown = traceback.TracebackException.from_exception(error)
    _strip(shown)
    return "".join(shown.format())


def _strip(shown: traceback.TracebackException) -> None:
    frames = list(shown.stack)
    while frames and _is_machinery(frames[0].filename):
        del frames[0]
    shown.stack = traceback.StackSummary.from_list(frames)
    for other in (shown.__cause__, shown.__context__, *(getattr(shown, "exceptions", None) or ())):
        if other is not None:
            _strip(other)


def _is_machinery(file: str) -> bool:
    folders = (os.path.dirname(module.__file__ or "") + os.sep for module in (asyncio, pulumi))
    return file in (__file__, runpy.__file__) or file.startswith(("<frozen ", *folders))


if __name__ == "__main__":
    sys.exit(main())
