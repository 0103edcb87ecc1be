"""The command line, as far as the model server and the front share it."""

import argparse
from dataclasses import dataclass
from pathlib import Path

from serving.log import Log, endpoint_fields

MAX_BODY_MB = 10
TIMEOUT_SECONDS = 60.0
GRACE_SECONDS = 30.0
LINGER_SECONDS = 5.0
HEAD_SECONDS = 30.0


@dataclass(frozen=True)
class Jwt:
    """Whose JSON web tokens are taken."""

    issuer: str
    audience: str
    keys: Path | None
    """File with the issuer's JSON web key set; None: `keys_url` is where it is."""
    keys_url: str = ""


@dataclass(frozen=True)
class Options:
    """How a stage is served. Times are in seconds."""

    model_name: str
    resource_path: str = "/inference"
    host: str = ""
    """Address to listen on; empty for all that the pod has."""
    port: int = 8080
    endpoint: str = ""
    stage: str = ""
    revision: str = ""
    """Of what is served; each response says it."""
    app_key: str = ""
    log_json: bool = False
    max_body: int = MAX_BODY_MB * 1024 * 1024
    """Bytes of a request's body."""
    timeout: float = TIMEOUT_SECONDS
    """For a request, from its head to its answer."""
    head_timeout: float = HEAD_SECONDS
    """For a request's line and headers."""
    api_keys: Path | None = None
    """Folder with a file for each API key; None: no such keys are asked for."""
    jwt: Jwt | None = None
    """None: no tokens are asked for."""
    grace: float = GRACE_SECONDS
    """For requests that run when the server is told to stop."""
    linger: float = LINGER_SECONDS
    """How long new requests are still taken then: gateways learn late that a pod goes."""
    termination_log: str = "/dev/termination-log"

    def log(self) -> Log:
        """The log that these options ask for."""
        if not self.log_json:
            return Log()
        return Log(endpoint_fields(self.endpoint, self.stage, self.model_name, self.app_key))


def add(parser: argparse.ArgumentParser) -> None:
    """Declare the shared options."""
    parser.add_argument("--model-name", required=True, help="name of the model in routes and log")
    parser.add_argument("--resource-path", default=Options.resource_path, help="takes the requests")
    parser.add_argument("--host", default=Options.host, help="address to listen on; default: all")
    parser.add_argument("--port", type=int, default=Options.port, help="%(default)s")
    parser.add_argument("--endpoint", default="", help="endpoint's name, for the log")
    parser.add_argument("--stage", default="", help="stage's name, for the log and responses")
    parser.add_argument("--revision", default="", help="of what is served, for responses")
    parser.add_argument("--app-key", default="", help="app key, for the log")
    parser.add_argument(
        "--log-json", action="store_true", help="log records with EasyMaker's fields"
    )
    parser.add_argument(
        "--max-body-mb", type=float, default=MAX_BODY_MB, help="MiB of a request; %(default)s"
    )
    parser.add_argument(
        "--timeout", type=float, default=Options.timeout, help="seconds for a request; %(default)s"
    )
    parser.add_argument(
        "--head-timeout",
        type=float,
        default=Options.head_timeout,
        help="seconds for a request's line and headers; %(default)s",
    )
    parser.add_argument("--api-keys", type=Path, help="folder with a file for each API key")
    parser.add_argument("--jwt-issuer", help="whose tokens are taken")
    parser.add_argument("--jwt-audience", help="whom tokens must be meant for")
    parser.add_argument("--jwt-keys", type=Path, help="file with the issuer's JSON web key set")
    parser.add_argument("--jwt-keys-url", default="", help="where the issuer publishes it")
    parser.add_argument(
        "--grace",
        type=float,
        default=Options.grace,
        help="seconds for running requests after SIGTERM; %(default)s",
    )
    parser.add_argument(
        "--linger",
        type=float,
        default=Options.linger,
        help="seconds in which new requests are still taken after SIGTERM; %(default)s",
    )
    parser.add_argument("--termination-log", default=Options.termination_log, help="%(default)s")


def read(given: argparse.Namespace) -> Options:
    """The shared options of a command line. Raises ValueError unless they go together."""
    keys = given.jwt_keys or given.jwt_keys_url
    jwt = (given.jwt_issuer, given.jwt_audience, keys)
    if any(jwt) and not all(jwt):
        raise ValueError(
            "--jwt-issuer, --jwt-audience and --jwt-keys or --jwt-keys-url go together"
        )
    return Options(
        model_name=given.model_name,
        resource_path=given.resource_path,
        host=given.host,
        port=given.port,
        endpoint=given.endpoint,
        stage=given.stage,
        revision=given.revision,
        app_key=given.app_key,
        log_json=given.log_json,
        max_body=int(given.max_body_mb * 1024 * 1024),
        timeout=given.timeout,
        head_timeout=given.head_timeout,
        api_keys=given.api_keys,
        jwt=Jwt(given.jwt_issuer, given.jwt_audience, given.jwt_keys, given.jwt_keys_url)
        if all(jwt)
        else None,
        grace=given.grace,
        linger=given.linger,
        termination_log=given.termination_log,
    )
