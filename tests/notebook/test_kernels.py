"""Which environments become kernels, and what is said of the others."""

import json
import sys
import venv
from pathlib import Path

import pytest
from notebook import kernels
from notebook.kernels import kernel_name, register


@pytest.fixture
def environments(tmp_path: Path) -> Path:
    made = tmp_path / "custom-conda-envs"
    made.mkdir()
    return made


def environment(folder: Path, name: str, python: str) -> Path:
    """An environment whose Python is a script."""
    path = folder / name
    (path / "bin").mkdir(parents=True)
    (path / "bin" / "python").write_text(python, encoding="utf-8")
    (path / "bin" / "python").chmod(0o755)
    return path


def test_a_venv_with_ipykernel_becomes_a_kernel_under_its_name(
    environments: Path, tmp_path: Path
) -> None:
    made = environments / "my-env"
    venv.create(made, symlinks=True)
    lines: list[str] = []
    register(environments, tmp_path / "kernels", lines.append)
    python = made / "bin" / "python"
    assert lines == [
        "environment my-env gets no kernel: ipykernel is not installed in it "
        f"({python} -m pip install ipykernel, then stop and start the notebook)"
    ]
    assert not (tmp_path / "kernels").exists()
    (packages,) = made.glob("lib/python*/site-packages")
    (packages / "ipykernel").mkdir()
    (packages / "ipykernel" / "__init__.py").touch()
    lines.clear()
    register(environments, tmp_path / "kernels", lines.append)
    assert lines == ["environment my-env is a kernel"]
    assert json.loads((tmp_path / "kernels" / "my-env" / "kernel.json").read_text()) == {
        "argv": [str(python), "-m", "ipykernel_launcher", "-f", "{connection_file}"],
        "display_name": "my-env",
        "language": "python",
        "env": {"PATH": f"{made}/bin:${{PATH}}", "VIRTUAL_ENV": str(made)},
        "metadata": {"debugger": True},
    }


def test_a_conda_environment_is_told_by_its_records(environments: Path, tmp_path: Path) -> None:
    made = environment(environments, "conda", "#!/bin/sh\nexit 0\n")
    (made / "conda-meta").mkdir()
    register(environments, tmp_path / "kernels", print)
    found = json.loads((tmp_path / "kernels" / "conda" / "kernel.json").read_text())
    assert found["env"] == {"PATH": f"{made}/bin:${{PATH}}", "CONDA_PREFIX": str(made)}


def test_what_does_not_start_is_said_and_stops_nothing(
    environments: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    environment(environments, "broken", "#!/bin/sh\necho a; echo no libpython >&2; exit 127\n")
    environment(environments, "fine", f'#!/bin/sh\nexec {sys.executable} -c ""\n')
    environment(environments, "foreign", "\x7fELF")
    environment(environments, "slow", "#!/bin/sh\nexec sleep 600\n")
    (environments / "gone" / "bin").mkdir(parents=True)
    (environments / "gone" / "bin" / "python").symlink_to("/no/such/python")
    (environments / "empty").mkdir()
    (environments / "README").touch()
    monkeypatch.setattr(kernels, "_CHECK_SECONDS", 2)
    lines: list[str] = []
    register(environments, tmp_path / "kernels", lines.append)
    assert lines == [
        "environment broken gets no kernel: "
        f"{environments}/broken/bin/python ends with exit code 127: no libpython",
        f"{environments}/empty has no bin/python, so it is no environment",
        "environment fine is a kernel",
        "environment foreign gets no kernel: "
        f"{environments}/foreign/bin/python does not start: Exec format error",
        "environment gone gets no kernel: "
        f"{environments}/gone/bin/python does not start: No such file or directory",
        f"environment slow gets no kernel: {environments}/slow/bin/python took longer than 2 s "
        "to start",
    ]
    assert [path.name for path in (tmp_path / "kernels").iterdir()] == ["fine"]


@pytest.mark.parametrize(
    ("environment", "kernel"),
    [
        ("my_env.2", "my_env.2"),
        ("two words", "two-words-a03f1d61"),
        ("\ud658\uacbd", "---5d36e09c"),
        ("Python3", "Python3-4b4ce714"),
    ],
)
def test_kernels_are_named_as_jupyter_allows(environment: str, kernel: str) -> None:
    assert kernel_name(environment) == kernel
