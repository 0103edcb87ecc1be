"""Routes, limits and errors: what a caller sees, whatever makes the predictions."""

import asyncio
import re
import time
import uuid
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from starlette.types import Message, Receive, Scope, Send

from serving import access, answers
from serving.backend import Backend
from serving.errors import Refused
from serving.guard import HEALTH, Guard, refusal
from serving.log import Log
from serving.options import Options

LOADING = "the model is still being loaded"
STOPPING = "this server is stopping"
_REQUEST_ID = re.compile(r"[A-Za-z0-9._:=+/-]{1,128}")
"""Also as API Gateway makes them, which end in `=`."""


class App:
    """The ASGI application of a stage: ready from `loaded` on, until `stopping` is set."""

    def __init__(self, backend: Backend, options: Options, log: Log) -> None:
        self._backend = backend
        self._options = options
        self._log = log
        self._pool: ThreadPoolExecutor | None = None
        self._checks = ThreadPoolExecutor(1, "check")
        self.stopping = False
        said = {"stage": options.stage, "revision": options.revision}
        self._said = [
            (f"x-easymaker-{key}".encode(), value.encode()) for key, value in said.items() if value
        ]
        model = options.model_name
        routes = Starlette(
            routes=[
                Route(options.resource_path, self._predict, methods=["POST"]),
                Route("/v2/health/live", self._live),
                Route("/v2/health/ready", self._ready),
                Route("/v1/models", self._models),
                Route(f"/v1/models/{model}", self._model),
                Route(f"/v1/models/{model}:predict", self._predict, methods=["POST"]),
                Route(f"/v2/models/{model}", self._metadata),
            ],
            exception_handlers={HTTPException: self._wrong_route, Refused: _refused},  # type: ignore[dict-item]
        )
        routes.router.redirect_slashes = False
        self._app = Guard(routes, access.of(options, log), options.timeout)

    def loaded(self) -> None:
        """From now on the backend may be asked."""
        self._pool = ThreadPoolExecutor(self._backend.parallel, "predict")

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        begin = time.monotonic()
        given = dict(scope["headers"]).get(b"x-request-id", b"").decode("latin-1")
        inference = given if _REQUEST_ID.fullmatch(given) else str(uuid.uuid4())
        scope["inference"] = inference
        status = 0

        async def sent(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                message["headers"] += [(b"x-request-id", inference.encode()), *self._said]
                if self.stopping:
                    # The gateway keeps connections, and must not find this one closed later.
                    message["headers"].append((b"connection", b"close"))
            await send(message)

        try:
            await self._app(scope, receive, sent)
        finally:
            # As it was sent: a decoded one could hold a line break, and so a line of its own.
            path = scope["raw_path"].decode("ascii", "replace")
            if not path.startswith(HEALTH):
                level = "INFO" if status < 400 else "WARNING" if status < 500 else "ERROR"
                ms = (time.monotonic() - begin) * 1000
                who = f" by {scope['who']}" if scope.get("who") else ""
                line = f"{scope['method']} {path} {status or 'cut off'} {ms:.1f} ms{who}"
                self._log.say(line, level if status else "WARNING", inference)

    async def _predict(self, request: Request) -> Response:
        inference: str = request.scope["inference"]
        end = asyncio.get_running_loop().time() + self._options.timeout
        try:
            async with asyncio.timeout_at(end):
                body = await self._body(request)
        except TimeoutError:
            raise Refused(408, "the request's body did not arrive in time") from None
        except ClientDisconnect:
            return Response(status_code=400)  # nobody reads it
        headers = {key.lower(): value for key, value in request.headers.items()}
        try:
            async with asyncio.timeout_at(end):
                content = await self._in_pool(
                    lambda: answers.compose(self._backend, body, inference, headers, self._log)
                )
        except TimeoutError:
            limit = self._options.timeout
            raise Refused(504, f"the prediction took longer than {limit:g} s") from None
        return Response(content, media_type="application/json")

    async def _body(self, request: Request) -> bytes:
        """The whole body. Raises Refused when it is too long, after reading all of it: a caller
        that still writes would not see the answer."""
        limit = self._options.max_body
        length = request.headers.get("content-length", "")
        too_long = length.isdecimal() and int(length) > limit
        if too_long and "100-continue" in request.headers.get("expect", "").lower():
            raise self._too_long()
        body = bytearray()
        async for chunk in request.stream():
            too_long = too_long or len(body) + len(chunk) > limit
            if too_long:
                body.clear()
            else:
                body += chunk
        if too_long:
            raise self._too_long()
        return bytes(body)

    def _too_long(self) -> Refused:
        limit = self._options.max_body / 1024 / 1024
        return Refused(413, f"the body is longer than {limit:g} MiB")

    async def _in_pool(self, work: Callable[[], bytes]) -> bytes:
        if self._pool is None:
            raise Refused(503, LOADING)
        return await asyncio.get_running_loop().run_in_executor(self._pool, work)

    async def _live(self, _: Request) -> Response:
        return JSONResponse({"live": True})

    async def _ready(self, _: Request) -> Response:
        trouble = await self._trouble()
        if trouble:
            return refusal(Refused(503, trouble))
        return JSONResponse({"ready": True})

    async def _models(self, _: Request) -> Response:
        return JSONResponse({"models": [self._options.model_name]})

    async def _model(self, _: Request) -> Response:
        trouble = await self._trouble()
        answer = {"name": self._options.model_name, "ready": not trouble}
        return JSONResponse(
            {**answer, "error": trouble} if trouble else answer, 503 if trouble else 200
        )

    async def _metadata(self, _: Request) -> Response:
        if self._pool is None:
            raise Refused(503, LOADING)
        metadata: dict[str, Any] = {"name": self._options.model_name, **self._backend.metadata()}
        return Response(answers.encode(metadata), media_type="application/json")

    async def _trouble(self) -> str:
        if self.stopping:
            return STOPPING
        if self._pool is None:
            return LOADING
        # Predictions may fill their own pool, and a probe must not wait for them.
        return await asyncio.get_running_loop().run_in_executor(self._checks, self._backend.trouble)

    async def _wrong_route(self, request: Request, error: HTTPException) -> Response:
        path, allowed = self._options.resource_path, ""
        sentence = f"nothing is served at {request.url.path}; predictions are at POST {path}"
        if error.status_code == 405:
            allowed = ", ".join(sorted((error.headers or {}).get("Allow", "").split(", ")))
            sentence = f"{request.url.path} takes {allowed}, not {request.method}"
        headers = {"Allow": allowed} if allowed else None
        return JSONResponse({"error": sentence}, error.status_code, headers)


async def _refused(_: Request, error: Refused) -> Response:
    return refusal(error)
