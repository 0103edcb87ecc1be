"""The built Pulumi and the language host, used as a person uses them. Needs no cluster."""

import os
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support import echo_provider
from tests.support.pulumi_cli import Project, environment
from tools.toolchain import elsewhere

pytestmark = pytest.mark.e2e

COMPONENTS = """
    import pulumi

    class Group(pulumi.ComponentResource):
        def __init__(self, name, size, opts=None):
            super().__init__("demo:group:Group", name, {"size": size}, opts)
            self.register_outputs({"size": size})

    outer = Group("outer", 3)
    Group("inner", 4, pulumi.ResourceOptions(parent=outer))
    pulumi.export("size", 7)
"""

# Says that it runs, then waits for a file that the test makes.
WAITING = """
    import os, sys, time
    print("waiting", flush=False)
    while not os.path.exists("go"):
        time.sleep(0.01)
    print("went on")
"""


HELD_UP = 4
"""Seconds. What heeds no signal is killed by Pulumi after five: it was there if it took so long."""


@pytest.fixture
def project(tmp_path: Path, pulumi_home: Path) -> Iterator[Project]:
    project = Project(tmp_path / "project", environment(pulumi_home, tmp_path / "state"))
    project.create()
    yield project
    project.stop()


def diagnostics(output: str) -> str:
    """What the command says about the run at its end."""
    return output.partition("Diagnostics:\n")[2].partition("\nResources:")[0]


def read_until(process: "subprocess.Popen[str]", text: str) -> str:
    """The line that holds `text`; fails if the output ends before, or after a minute."""
    assert process.stdout is not None
    seen = ""
    limit = threading.Timer(60, process.kill)
    limit.start()
    try:
        for line in process.stdout:
            seen += line
            if text in line:
                return line
    finally:
        limit.cancel()
    raise AssertionError(f"{text!r} never came:\n{seen}")


def children(folder: Path) -> list[str]:
    """The command lines of the processes that run a program or plugin in a project's folder."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            cwd = (process / "cwd").readlink()
            command = (process / "cmdline").read_bytes().replace(b"\0", b" ").decode()
        except OSError:
            continue
        if cwd.is_relative_to(folder):
            found.append(command)
    return found


def wait_until_gone(folder: Path, seconds: float) -> None:
    deadline = time.monotonic() + seconds
    while running := children(folder):
        assert time.monotonic() < deadline, running
        time.sleep(0.02)


def test_a_stack_goes_through_its_life_without_a_warning(project: Project) -> None:
    project.write(COMPONENTS)
    preview = project.pulumi("preview")
    up = project.pulumi("up", "--yes")
    again = project.pulumi("preview", "--expect-no-changes")
    refresh = project.pulumi("refresh", "--yes")
    destroy = project.pulumi("destroy", "--yes")

    assert "+ 3 to create" in preview.stdout
    assert "+ 3 created" in up.stdout
    assert "3 unchanged" in again.stdout
    assert "- 3 deleted" in destroy.stdout
    for done in (preview, up, again, refresh, destroy):
        assert "warning" not in done.stdout.lower()


def test_a_change_is_seen(project: Project) -> None:
    project.write(COMPONENTS)
    project.pulumi("up", "--yes", "--skip-preview")
    # Of another length: within a second Python takes byte code of the same one for the file's.
    project.write(COMPONENTS.replace('"outer", 3', '"outer", 50'))
    done = project.pulumi("preview", "--expect-no-changes", check=False)
    assert done.returncode == 7


def test_about_and_plugin_list_name_what_runs(project: Project) -> None:
    project.write(COMPONENTS)
    about = project.pulumi("about").stdout
    assert f"executable='{sys.prefix}/bin/python'" in about
    assert re.search(rf"resource\s+kubernetes\s+{elsewhere.PROVIDER_VERSION}", about)
    assert "warning" not in about.lower()
    plugins = project.pulumi("plugin", "ls").stdout
    assert re.search(rf"kubernetes\s+resource\s+{elsewhere.PROVIDER_VERSION}", plugins)


def test_the_provider_is_found_by_the_version_that_the_sdk_asks_for(project: Project) -> None:
    project.write("""
        import pulumi
        import pulumi_kubernetes as kubernetes

        rendered = kubernetes.Provider("rendered", render_yaml_to_directory="rendered")
        kubernetes.core.v1.ConfigMap(
            "settings",
            metadata={"name": "settings", "namespace": "demo"},
            data={"answer": "42"},
            opts=pulumi.ResourceOptions(provider=rendered),
        )
    """)
    up = project.pulumi("up", "--yes")
    assert "warning" not in up.stdout.lower()
    (file,) = (project.folder / "rendered").rglob("*settings.yaml")
    assert 'answer: "42"' in file.read_text()
    again = project.pulumi("preview", "--expect-no-changes")
    assert "warning" not in again.stdout.lower()


def test_configuration_reaches_the_program_and_no_child_of_it(project: Project) -> None:
    project.pulumi("config", "set", "colour", "green")
    project.pulumi("config", "set", "--secret", "word", "sesame")
    project.write("""
        import pulumi, subprocess
        config = pulumi.Config()
        pulumi.export("colour", config.require("colour"))
        pulumi.export("word", config.require_secret("word"))
        # Looked for here: in what is printed, Pulumi hides it anyway.
        assert "sesame" not in subprocess.run(["env"], capture_output=True, text=True).stdout
    """)
    up = project.pulumi("up", "--yes", "--skip-preview")
    assert re.search(r'colour:\s+"green"', up.stdout)
    assert re.search(r"word\s*:\s+\[secret\]", up.stdout)
    assert "sesame" not in up.stdout


@pytest.mark.parametrize(
    ("program", "expected"),
    [
        pytest.param(
            'import pulumi\nraise pulumi.RunError("stacks/a.yaml:3:1: wrong")',
            "    error: stacks/a.yaml:3:1: wrong\n",
            id="RunError",
        ),
        pytest.param(
            'def check():\n    raise ValueError("no such flavor")\ncheck()',
            "    error: Program failed with an unhandled exception:\n"
            "    Traceback (most recent call last):\n"
            '      File "{main}", line 3, in <module>\n'
            "        check()\n"
            '      File "{main}", line 2, in check\n'
            '        raise ValueError("no such flavor")\n'
            "    ValueError: no such flavor\n",
            id="exception",
        ),
        pytest.param(
            "import pulumi\npulumi.Output.from_input(1).apply(lambda n: {}[n])",
            "    error: Program failed with an unhandled exception:\n"
            "    Traceback (most recent call last):\n"
            '      File "{main}", line 2, in <lambda>\n'
            "        pulumi.Output.from_input(1).apply(lambda n: {{}}[n])\n"
            "                                                    ~~^^^\n"
            "    KeyError: 1\n",
            id="exception in apply",
        ),
        pytest.param(
            "def broken(:\n    pass",
            "    error: Program failed with an unhandled exception:\n"
            '      File "{main}", line 1\n'
            "        def broken(:\n"
            "                   ^\n"
            "    SyntaxError: invalid syntax\n",
            id="syntax error",
        ),
        pytest.param(
            "import sys\nsys.exit(3)",
            "    error: an unhandled error occurred: the program exited with code 3\n",
            id="sys.exit",
        ),
        pytest.param(
            "import os\nos._exit(4)",
            "    error: an unhandled error occurred: the program exited with code 4\n",
            id="os._exit",
        ),
        pytest.param(
            "import os, signal\nos.kill(os.getpid(), signal.SIGKILL)",
            "    error: an unhandled error occurred: the program was ended by a signal: killed\n",
            id="killed",
        ),
    ],
)
def test_an_error_is_shown_once_and_without_the_host(
    project: Project, program: str, expected: str
) -> None:
    project.write(program)
    done = project.pulumi("preview", check=False)
    assert done.returncode == 1
    shown = "".join(diagnostics(done.stdout).splitlines(keepends=True)[1:]).rstrip("\n") + "\n"
    main = (project.folder / "__main__.py").resolve()
    assert shown == expected.format(main=main)


def test_sys_exit_without_an_error_ends_the_program_there(project: Project) -> None:
    project.write(f"{COMPONENTS}\n    import sys\n    sys.exit(0)\n    raise AssertionError")
    assert "+ 3 to create" in project.pulumi("preview").stdout


def test_a_missing_environment_is_named(project: Project) -> None:
    project.write(COMPONENTS)
    project.configure(virtualenv="no-such-environment")
    done = project.pulumi("preview", check=False)
    assert done.returncode != 0
    assert 'the virtual environment "no-such-environment", which Pulumi.yaml names' in done.stdout
    assert "Traceback" not in done.stdout


def test_a_missing_program_is_named(project: Project) -> None:
    done = project.pulumi("preview", check=False)
    assert done.returncode == 1
    assert "__main__.py does not exist" in diagnostics(done.stdout)
    assert "Traceback" not in done.stdout


def test_output_comes_as_it_is_printed(project: Project) -> None:
    project.write(WAITING)
    process = project.start("preview")
    assert "waiting" in read_until(process, "waiting")
    assert process.poll() is None, "the line came only when the program had ended"
    assert not (project.folder / "go").exists()
    (project.folder / "go").touch()
    read_until(process, "went on")
    assert process.wait(60) == 0


def test_whatever_the_program_prints_gets_through(project: Project) -> None:
    project.write(r"""
        import os, sys
        os.write(1, b"not \xff UTF-8\n")
        print("long " + "x" * 100_000 + " end")
        print("é", file=sys.stderr)
        print("no newline at the end", end="")
    """)
    output = project.pulumi("preview").stdout
    assert re.search("not \N{REPLACEMENT CHARACTER}+ UTF-8\n", output)
    assert "long " + "x" * 100_000 + " end\n" in output
    assert "é\n" in output
    assert "no newline at the end\n" in output


@pytest.mark.parametrize("command", [("preview",), ("up", "--yes", "--skip-preview")])
def test_an_interrupt_ends_it_at_once_and_quietly(
    project: Project, command: tuple[str, ...]
) -> None:
    # The program has a child that heeds no signal, and must go too.
    stubborn = ["sh", "-c", "trap '' INT TERM; sleep 600"]
    project.write(f"import subprocess\nsubprocess.Popen({stubborn})\n" + _flat(WAITING))
    process = project.start(*command)
    read_until(process, "waiting")
    started = time.monotonic()
    process.send_signal(signal.SIGINT)
    output, _ = process.communicate(timeout=60)
    took = time.monotonic() - started
    wait_until_gone(project.folder, 1)
    assert took < HELD_UP
    assert process.returncode != 0
    assert "Traceback" not in output
    assert "KeyboardInterrupt" not in output


def test_a_started_host_with_interrupts_ignored_costs_no_time(project: Project) -> None:
    project.write(COMPONENTS)

    def seconds(*, ignored: bool) -> float:
        started = time.monotonic()
        process = project.start("preview", ignore_interrupt=ignored)
        process.communicate(timeout=60)
        assert process.returncode == 0
        return time.monotonic() - started

    seconds(ignored=False)
    # By turns, for what else the machine does changes.
    took = [(seconds(ignored=False), seconds(ignored=True)) for _ in range(3)]
    plain, ignored = map(min, zip(*took, strict=True))
    assert ignored < plain + HELD_UP, took


def test_nothing_stays_when_the_engine_is_killed(project: Project) -> None:
    project.write(WAITING)
    process = project.start("preview")
    read_until(process, "waiting")
    assert len(children(project.folder)) >= 3, "engine, host and program were to be seen"
    process.kill()
    process.wait(10)
    wait_until_gone(project.folder, 5)


def test_nothing_stays_when_the_host_is_killed(project: Project) -> None:
    project.write(WAITING)
    process = project.start("preview")
    read_until(process, "waiting")
    (host,) = [
        int(folder.name)
        for folder in Path("/proc").glob("[0-9]*")
        if _command(folder).split("\0")[0].endswith("pulumi-language-python")
        and _parent(folder) == process.pid
    ]
    os.kill(host, signal.SIGKILL)
    output, _ = process.communicate(timeout=60)
    assert process.returncode != 0
    assert "Traceback" not in output
    wait_until_gone(project.folder, 5)


def test_a_provider_in_python_runs_through_the_host(project: Project, tmp_path: Path) -> None:
    plugin = tmp_path / "pulumi-resource-echo"
    plugin.mkdir()
    (plugin / "PulumiPlugin.yaml").write_text(
        f"runtime: {{name: python, options: {{toolchain: pip, virtualenv: {sys.prefix}}}}}\n"
    )
    (plugin / "__main__.py").write_text(Path(echo_provider.__file__).read_text())
    project.configure(more=f"plugins:\n  providers: [{{name: echo, path: {plugin}}}]\n")
    project.write("""
        import pulumi

        class Echo(pulumi.CustomResource):
            answer: pulumi.Output[str]

            def __init__(self, name, question):
                super().__init__("echo:index:Echo", name, {"question": question, "answer": None})

        pulumi.export("answer", Echo("one", "hello?").answer)
    """)
    up = project.pulumi("up", "--yes", "--skip-preview")
    assert re.search(r'answer:\s+"hello\?"', up.stdout)
    project.pulumi("preview", "--expect-no-changes")
    project.pulumi("destroy", "--yes")
    wait_until_gone(plugin, 5)


def _flat(program: str) -> str:
    return "\n".join(line.removeprefix("    ") for line in program.splitlines())


def _command(process: Path) -> str:
    try:
        return (process / "cmdline").read_text()
    except OSError:
        return ""


def _parent(process: Path) -> int:
    try:
        return int((process / "stat").read_text().rpartition(")")[2].split()[1])
    except OSError:
        return 0
