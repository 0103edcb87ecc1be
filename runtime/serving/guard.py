"""Before all routes but health: who is not known goes no further."""

import asyncio
from contextlib import suppress

from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from serving.access import KEY_HEADER, TOKEN_HEADER, Access
from serving.errors import Refused

HEALTH = "/v2/health/"
_SECRET = {KEY_HEADER.encode(), TOKEN_HEADER.encode()}


class Guard:
    """An ASGI application that asks `access` before another one."""

    def __init__(self, app: ASGIApp, access: Access, timeout: float) -> None:
        """`timeout` is in seconds, for the body of a request that is refused."""
        self._app = app
        self._access = access
        self._timeout = timeout

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if not self._access or scope["path"].startswith(HEALTH):
            await self._app(scope, receive, send)
            return
        headers = {
            name.decode("latin-1"): text.decode("latin-1") for name, text in scope["headers"]
        }
        try:
            scope["who"] = self._access.admitted(headers)
        except Refused as error:
            await self._discard(Request(scope, receive))
            await refusal(error)(scope, receive, send)
            return
        # The model's code needs to know neither key nor token.
        others = [pair for pair in scope["headers"] if pair[0] not in _SECRET]
        await self._app({**scope, "headers": others}, receive, send)

    async def _discard(self, request: Request) -> None:
        """Read the body: a caller that still writes would not see the answer."""
        if "100-continue" in request.headers.get("expect", "").lower():
            return
        with suppress(TimeoutError, ClientDisconnect):
            async with asyncio.timeout(self._timeout):
                async for _ in request.stream():
                    pass


def refusal(error: Refused) -> JSONResponse:
    """The answer that a request gets in place of predictions."""
    return JSONResponse({"error": str(error)}, error.status, error.headers)
