"""Start scripts: which run, in which order, and what they leave."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from notebook.scripts import found, run_all


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "easymaker" / "cont-init.d"
    made.mkdir(parents=True)
    return made


def script(folder: Path, name: str, text: str, mode: int = 0o755) -> Path:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    path.chmod(mode)
    return path


def test_scripts_run_in_the_order_of_their_names_and_leave_their_results(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("JUPYTER_TOKEN", "hidden")
    script(folder, "20-second", "#!/bin/sh\necho two; echo bad >&2; exit 7\n")
    script(folder, "10-first", '#!/bin/sh\necho "one [$JUPYTER_TOKEN]"; pwd\n')
    script(folder, "B", "#!/bin/sh\nkill -9 $$\n")
    script(folder, "a", "#!/no/such/interpreter\n")
    log = folder.parent / "cont-init.output"
    log.write_text("of an earlier start\n")
    lines: list[str] = []
    run_all(folder, log, lines.append)
    results = {
        path.name: path.read_text()
        for path in folder.iterdir()
        if path.suffix in (".exitcode", ".output")
    }
    refused = f"{folder / 'a'} could not be started: No such file or directory\n"
    assert results == {
        "10-first.exitcode": "0\n",
        "10-first.output": f"one []\n{folder.parent}\n",
        "20-second.exitcode": "7\n",
        "20-second.output": "two\nbad\n",
        "B.exitcode": "137\n",
        "B.output": "",
        "a.exitcode": "126\n",
        "a.output": refused,
    }
    assert log.read_text() == (
        f"== 10-first\none []\n{folder.parent}\n== 20-second\ntwo\nbad\n== B\n== a\n{refused}"
    )
    assert lines == [
        f"running {folder}/10-first",
        f"running {folder}/20-second",
        f"{folder}/20-second failed with exit code 7: see {folder}/20-second.output",
        f"running {folder}/B",
        f"{folder}/B failed with exit code 137: see {folder}/B.output",
        f"running {folder}/a",
        f"{folder}/a failed with exit code 126: see {folder}/a.output",
    ]


def test_what_is_no_script_is_said_and_what_scripts_left_is_not(folder: Path) -> None:
    script(folder, "text", "#!/bin/sh\n", 0o644)
    script(folder, "binary", "\x7fELF")
    script(folder, "empty", "")
    script(folder, "run.sh", "#!/bin/sh\n")
    script(folder, "run.sh.exitcode", "0\n")
    script(folder, "run.sh.output", "#!\n")
    (folder / "folder").mkdir()
    lines: list[str] = []
    assert found(folder, lines.append) == [folder / "run.sh"]
    assert lines == [
        f"{folder}/binary does not begin with #!, so it does not run",
        f"{folder}/empty does not begin with #!, so it does not run",
        f"{folder}/text is not executable, so it does not run: chmod +x text",
    ]


def test_being_told_to_stop_ends_the_script_that_runs(folder: Path) -> None:
    alive = folder.parent / "alive"
    os.mkfifo(alive)
    script(folder, "hangs", f'#!/bin/sh\nexec 3>"{alive}"; sleep 600 & wait\n')
    code = (
        "import sys; from pathlib import Path; from notebook.scripts import run_all; "
        "run_all(Path(sys.argv[1]), Path(sys.argv[2]), print)"
    )
    runtime = Path(__file__).resolve().parents[2] / "runtime"
    with subprocess.Popen(
        [sys.executable, "-c", code, folder, folder.parent / "log"],
        env={**os.environ, "PYTHONPATH": str(runtime)},
        stdout=subprocess.DEVNULL,
    ) as process:
        reader = os.open(alive, os.O_RDONLY)  # returns once the script has opened it
        process.send_signal(signal.SIGTERM)
        assert process.wait(timeout=20) == 143
    # The end of the file comes when no process of the script has it open any more.
    assert os.read(reader, 1) == b""
    os.close(reader)
