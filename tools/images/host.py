"""The host's package sources and CA bundle, as files that build steps mount and no layer keeps."""

import os
import re
import shlex
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path

from tools.errors import ToolError
from tools.process import run

SECRETS = "/run/secrets"
"""Where the Dockerfiles mount them: the default of `RUN --mount=type=secret`."""
_BUNDLES = (
    "/etc/ssl/certs/ca-certificates.crt",  # Debian, Alpine
    "/etc/pki/tls/certs/ca-bundle.crt",  # Fedora
    "/etc/ssl/ca-bundle.pem",  # SUSE
)
_PIP_SETTINGS = (
    "index-url",
    "extra-index-url",
    "trusted-host",
    "proxy",
    "timeout",
    "default-timeout",
    "retries",
)
_APT_SETTING = re.compile(r'Acquire::(\w+::Proxy(::[^ ]+)?|Check-Valid-Until|Check-Date) ".+";')


def write_secrets(folder: Path, suite: str) -> dict[str, Path]:
    """Write one file for each secret that the Dockerfiles mount, readable by the user alone."""
    bundle = ca_bundle(os.environ)
    sources = own_sources(suite)
    contents = {
        "ca.crt": bundle.read_text(encoding="utf-8") if bundle else "",
        "pip.conf": pip_conf(_pip_config(), with_bundle=bundle is not None),
        "apt.conf": apt_conf(_apt_config(), bool(sources), with_bundle=bundle is not None),
        "sources.list": "".join(f"{line}\n" for line in sources),
    }
    written = {}
    for name, content in contents.items():
        written[name] = folder / name
        written[name].touch(mode=0o600)
        written[name].write_text(content, encoding="utf-8")
    return written


def own_sources(suite: str) -> list[str]:
    """`debian_sources` of this host."""
    return debian_sources(_os_release(), _source_texts(Path("/etc/apt")), suite)


def own_apt_settings() -> str:
    """How this host's apt reaches its mirrors, as an apt.conf."""
    return "".join(f"{line}\n" for line in _reaching(_apt_config()))


def ca_bundle(environment: Mapping[str, str]) -> Path | None:
    """The certificates that this host trusts, in one PEM file."""
    named = (environment.get(name, "") for name in ("PIP_CERT", "SSL_CERT_FILE"))
    for candidate in (*named, *_BUNDLES):
        if candidate and Path(candidate).is_file():
            return Path(candidate)
    return None


def pip_conf(config_list: str, *, with_bundle: bool) -> str:
    """A pip.conf of where packages come from, out of what `pip config list` says.

    Its lines are `SECTION.KEY='VALUE'`, with `:env:` as section of the environment, which wins.
    Paths of this host mean nothing in a build, so only what is listed above gets in.
    """
    ranked = {"global": 0, "install": 1, ":env:": 2}
    found: dict[str, tuple[int, str]] = {}
    for line in config_list.splitlines():
        name, _, quoted = line.partition("=")
        section, _, key = name.rpartition(".")
        if section in ranked and key in _PIP_SETTINGS:
            value = " ".join(" ".join(shlex.split(quoted)).split("\\n"))
            if ranked[section] >= found.get(key, (0, ""))[0]:
                found[key] = (ranked[section], value.strip())
    lines = [f"{key} = {value}" for key, (_, value) in sorted(found.items())]
    if with_bundle:
        lines.append(f"cert = {SECRETS}/ca.crt")
    return "\n".join(["[global]", *lines, ""])


def apt_conf(apt_config: str, with_sources: bool, *, with_bundle: bool) -> str:
    """An apt.conf for build steps, with the proxies out of what `apt-config dump` says."""
    lines = _reaching(apt_config)
    # apt's own user may not read the secrets, and a layer that a crash spoils is thrown away.
    lines += ['APT::Sandbox::User "root";', 'DPkg::Options:: "--force-unsafe-io";']
    if with_sources:
        lines.append(f'Dir::Etc::SourceList "{SECRETS}/sources.list";')
        lines.append('Dir::Etc::SourceParts "/dev/null";')
    if with_bundle:
        lines.append(f'Acquire::https::CAInfo "{SECRETS}/ca.crt";')
    return "\n".join([*lines, ""])


def _reaching(apt_config: str) -> list[str]:
    return [line for line in apt_config.splitlines() if _APT_SETTING.fullmatch(line)]


def debian_sources(
    os_release: Mapping[str, str], source_texts: Iterable[str], suite: str
) -> list[str]:
    """Lines of a sources.list with this host's own mirrors, for another suite of Debian.

    Empty on a host that is no Debian: the sources that the base brings then hold.
    """
    if os_release.get("ID") != "debian" or not os_release.get("VERSION_CODENAME"):
        return []
    own = os_release["VERSION_CODENAME"]
    wanted = {own + part: suite + part for part in ("", "-updates", "-security")}
    lines: dict[str, None] = {}
    for text in source_texts:
        for uris, suites, components in _entries(text):
            if "main" in components:
                for uri in uris:
                    for name in suites:
                        if name in wanted:
                            lines[f"deb {uri} {wanted[name]} main"] = None
    # The plain suite first: that is the one to bootstrap from.
    return sorted(lines, key=lambda line: line.split()[2])


def _entries(text: str) -> Iterable[tuple[list[str], list[str], list[str]]]:
    """URIs, suites and components of each entry, in one-line or deb822 form (sources.list(5))."""
    for line in text.splitlines():
        words = re.sub(r"\[[^]]*\]", "", line).split()
        if len(words) >= 4 and words[0] == "deb":
            yield [words[1]], [words[2]], words[3:]
    for stanza in re.split(r"\n\s*\n", text):
        fields: dict[str, str] = {}
        key = ""
        for line in stanza.splitlines():
            if line.startswith("#"):
                continue
            if line[:1] in (" ", "\t"):
                fields[key] = f"{fields.get(key, '')} {line.strip()}"
            elif ":" in line:
                key, _, value = line.partition(":")
                key = key.strip().lower()
                fields[key] = value.strip()
        if "deb" in fields.get("types", "").split() and fields.get("enabled", "yes") != "no":
            yield (
                fields.get("uris", "").split(),
                fields.get("suites", "").split(),
                fields.get("components", "").split(),
            )


def _source_texts(folder: Path) -> list[str]:
    paths = [folder / "sources.list"]
    for pattern in ("*.list", "*.sources"):
        paths += sorted(folder.glob(f"sources.list.d/{pattern}"))
    return [path.read_text(encoding="utf-8", errors="replace") for path in paths if path.is_file()]


def _os_release() -> dict[str, str]:
    path = Path("/etc/os-release")
    lines = path.read_text(encoding="utf-8").splitlines() if path.is_file() else []
    pairs = (line.partition("=") for line in lines if "=" in line)
    return {key: "".join(shlex.split(value)) for key, _, value in pairs}


def _pip_config() -> str:
    return _printed([sys.executable, "-m", "pip", "config", "list"])


def _apt_config() -> str:
    return _printed(["apt-config", "dump"])


def _printed(argv: list[str]) -> str:
    """What a program prints, or nothing on a host that lacks it."""
    try:
        return run(argv)
    except ToolError:
        return ""
