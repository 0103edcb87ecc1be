"""What of the host's settings reaches build steps."""

from pathlib import Path

import pytest

from tools.images.host import apt_conf, ca_bundle, debian_sources, pip_conf, write_secrets

BOOKWORM = {"ID": "debian", "VERSION_CODENAME": "bookworm"}


def test_the_hosts_mirrors_serve_another_suite() -> None:
    deb822 = """\
# a comment: with a colon
Types: deb deb-src
URIs: http://mirror.example/debian
 http://second.example/debian
Suites: bookworm bookworm-updates bookworm-backports
Components: main contrib
Signed-By: /usr/share/keyrings/debian-archive-keyring.gpg

Types: deb
Enabled: no
URIs: http://off.example/debian
Suites: bookworm
Components: main

Types: deb
URIs: http://tools.example/debian
Suites: nodistro
Components: main
"""
    one_line = """\
# deb http://comment.example/debian bookworm main
deb [arch=amd64 signed-by=/x] http://mirror.example/security bookworm-security main
deb-src http://source.example/debian bookworm main
deb http://other.example/debian bookworm contrib
"""
    assert debian_sources(BOOKWORM, [one_line, deb822], "trixie") == [
        "deb http://mirror.example/debian trixie main",
        "deb http://second.example/debian trixie main",
        "deb http://mirror.example/security trixie-security main",
        "deb http://mirror.example/debian trixie-updates main",
        "deb http://second.example/debian trixie-updates main",
    ]


@pytest.mark.parametrize("release", [{"ID": "ubuntu", "VERSION_CODENAME": "noble"}, {}])
def test_mirrors_of_another_distribution_serve_nothing(release: dict[str, str]) -> None:
    assert debian_sources(release, ["deb http://m.example/ubuntu noble main\n"], "trixie") == []


def test_pip_gets_where_packages_come_from_and_no_path_of_the_host() -> None:
    listed = """\
global.index-url='https://one.example/simple'
global.cert='/etc/ssl/mine.pem'
global.trusted-host='one.example\\ntwo.example'
install.index-url='https://two.example/simple'
:env:.index-url='https://three.example/simple'
:env:.find-links='/opt/wheels'
freeze.timeout='7'
global.proxy='http://u:p@proxy.example:3128'
"""
    assert pip_conf(listed, with_bundle=True) == (
        "[global]\n"
        "index-url = https://three.example/simple\n"
        "proxy = http://u:p@proxy.example:3128\n"
        "trusted-host = one.example two.example\n"
        "cert = /run/secrets/ca.crt\n"
    )
    assert pip_conf("", with_bundle=False) == "[global]\n"


def test_apt_gets_proxies_sources_and_bundle() -> None:
    dumped = """\
Acquire::http::Proxy "http://proxy.example:3128";
Acquire::https::Proxy::one.example "DIRECT";
Acquire::http::Proxy "";
Acquire::Check-Valid-Until "false";
Acquire::https::CAInfo "/etc/ssl/mine.pem";
Dir "/";
DPkg::Pre-Invoke:: "rm -rf /";
"""
    assert apt_conf(dumped, True, with_bundle=True).splitlines() == [
        'Acquire::http::Proxy "http://proxy.example:3128";',
        'Acquire::https::Proxy::one.example "DIRECT";',
        'Acquire::Check-Valid-Until "false";',
        'APT::Sandbox::User "root";',
        'DPkg::Options:: "--force-unsafe-io";',
        'Dir::Etc::SourceList "/run/secrets/sources.list";',
        'Dir::Etc::SourceParts "/dev/null";',
        'Acquire::https::CAInfo "/run/secrets/ca.crt";',
    ]
    bare = apt_conf("", False, with_bundle=False)
    assert "Dir::Etc" not in bare
    assert "CAInfo" not in bare


def test_the_bundle_is_the_one_that_the_host_uses(tmp_path: Path) -> None:
    own, pips = tmp_path / "own.pem", tmp_path / "pip.pem"
    own.touch()
    assert ca_bundle({"SSL_CERT_FILE": str(own), "PIP_CERT": str(pips)}) == own
    pips.touch()
    assert ca_bundle({"SSL_CERT_FILE": str(own), "PIP_CERT": str(pips)}) == pips


def test_secrets_are_the_users_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    bundle = tmp_path / "bundle.pem"
    bundle.write_text("PEM\n")
    monkeypatch.setenv("PIP_CERT", str(bundle))
    monkeypatch.setenv("PIP_INDEX_URL", "https://user:word@index.example/simple")
    written = write_secrets(tmp_path, "trixie")
    assert set(written) == {"ca.crt", "pip.conf", "apt.conf", "sources.list"}
    assert all(path.stat().st_mode & 0o777 == 0o600 for path in written.values())
    assert written["ca.crt"].read_text() == "PEM\n"
    assert "index-url = https://user:word@index.example/simple\n" in written["pip.conf"].read_text()
