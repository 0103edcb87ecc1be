"""The packages that a script asks for, and what keeps them away."""

import contextlib
import http.server
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from launcher import causes

from .conftest import Bench


def test_requirements_beside_the_entry_point_are_installed(bench: Bench, tmp_path: Path) -> None:
    package = tmp_path / "package"
    package.mkdir()
    (package / "pyproject.toml").write_text(
        '[build-system]\nrequires = ["setuptools"]\nbuild-backend = "setuptools.build_meta"\n'
        '[project]\nname = "em-sample"\nversion = "1.2"\n[tool.setuptools]\n'
        'py-modules = ["em_sample"]\n'
    )
    (package / "em_sample.py").write_text("VALUE = 'from requirements'\n")
    # The image's own packages (here: setuptools and pytest) must stay in sight.
    bench.env["PIP_NO_BUILD_ISOLATION"] = "false"  # pip's way to say that there is none
    bench.env["PIP_NO_INDEX"] = "1"
    bench.server.put("b/code/sub/requirements.txt", f"em-sample @ file://{package}\n")
    bench.script("import em_sample, pytest, sys; print(em_sample.VALUE)", "sub/train.py")
    bench.job["entry_point"] = "sub/train.py"
    result = bench.run()
    assert result.code == 0, result.log
    assert "from requirements" in result.log


def test_requirements_that_fail_end_the_run(bench: Bench) -> None:
    bench.env["PIP_NO_INDEX"] = "1"
    bench.server.put("b/code/requirements.txt", "no-such-package-of-ours==1\n")
    bench.script("print('started')")
    result = bench.run()
    assert result.code == causes.PACKAGES_FAILED.code
    assert "started" not in result.log
    assert result.sentence.startswith("installing requirements.txt failed: ERROR: No matching")


@contextlib.contextmanager
def served_index(status: int, page: str) -> Iterator[str]:
    """The URL of a package index that answers every request so."""

    class Index(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(status)
            self.send_header("Content-Type", "text/html")
            self.end_headers()
            self.wfile.write(page.encode())

        def log_message(self, *_: object) -> None:
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Index) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}/simple"
        finally:
            server.shutdown()
            thread.join()


LINK = '<a href="http://127.0.0.1:1/x/no_such-1-py3-none-any.whl">no_such-1-py3-none-any.whl</a>'


@pytest.fixture
def asking(bench: Bench) -> Bench:
    """A script that needs a package; nothing is asked for twice."""
    bench.env["PIP_RETRIES"] = "0"
    bench.server.put("b/code/requirements.txt", "no-such\n")
    bench.script("print('started')")
    return bench


@pytest.mark.parametrize(
    ("status", "page", "code", "said"),
    [
        (404, "", causes.PACKAGES_FAILED.code, "failed: ERROR: No matching distribution found"),
        (503, "", causes.INDEX_SILENT.code, "/simple can't be reached: HTTP"),
        (403, "", causes.INDEX_SILENT.code, "/simple can't be reached: 403 Client Error"),
        (200, LINK, causes.INDEX_SILENT.code, "127.0.0.1 can't be reached: Connection refused"),
    ],
    ids=["no such package", "out of order", "refuses", "its files out of reach"],
)
def test_index_is_told_apart_from_its_packages(
    asking: Bench, status: int, page: str, code: int, said: str
) -> None:
    with served_index(status, page) as url:
        asking.env["PIP_INDEX_URL"] = url
        result = asking.run()
    assert (result.code, said in result.sentence) == (code, True), result.sentence
    assert "started" not in result.log


def test_index_out_of_reach_is_named(asking: Bench) -> None:
    asking.env["PIP_INDEX_URL"] = "http://127.0.0.1:1/simple"
    result = asking.run()
    assert (result.code, result.sentence) == (
        causes.INDEX_SILENT.code,
        "the package index http://127.0.0.1:1/simple can't be reached: Connection refused",
    )
