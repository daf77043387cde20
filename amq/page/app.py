"""The page's requests: its own files for everyone on this machine, data with a token, changes with a second one."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from anyio import CapacityLimiter, to_thread
from starlette.applications import Starlette
from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, PlainTextResponse, Response, StreamingResponse
from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send

from amq.errors import AmqError, BadMessage, NotFound, UsageError
from amq.errors import why as in_words
from amq.page import document
from amq.page.access import Access
from amq.page.limits import BODY_BYTES, VIEWERS
from amq.page.viewers import Viewers
from amq.text import visible

DATA = "/api/"
"""The beginning of the addresses that need a token."""
_TYPES = {"js": "text/javascript", "css": "text/css"}
_STATUS = {UsageError: 400, BadMessage: 422, NotFound: 404}

Question = Callable[[Mapping[str, str]], Any]
"""A function that answers the parameters of a request. Raises AmqError or OSError, in words for the user."""
Action = Callable[[Mapping[str, Any]], Any]
"""A function that does what a request's JSON asks for; it raises the same."""


def application(
    access: Access, viewers: Viewers, questions: Mapping[str, Question], actions: Mapping[str, Action]
) -> ASGIApp:
    """Return the page of one queue: QUESTIONS and ACTIONS have the names that their addresses end with."""
    one_by_one = CapacityLimiter(1)  # the queue's values are not made for several threads
    routes = [
        Route("/", partial(_own, document.served(), "text/html")),
        *(_own_file(name) for name in (document.STYLE, *document.SCRIPTS)),
        Route(f"{DATA}events", EventStream(viewers), methods=["GET"]),
        *(Route(f"{DATA}{name}", partial(_answer, one_by_one, each)) for name, each in questions.items()),
        *(Route(f"{DATA}{name}", partial(_act, one_by_one, each), methods=["POST"]) for name, each in actions.items()),
    ]
    return Guard(Starlette(routes=routes), access)


class Guard:
    """Refuses a request before any of it is looked at, unless it is from the page itself and has the right token."""

    def __init__(self, app: ASGIApp, access: Access) -> None:
        self._app = app
        self._access = access

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer the request SCOPE."""
        headers, writing = Headers(scope=scope), scope["method"] not in ("GET", "HEAD")
        refusal = self._access.refuse_place(headers, writing=writing)
        if refusal is None and scope["path"].startswith(DATA):
            refusal = self._access.refuse_token(headers, writing=writing)
        answer = PlainTextResponse(refusal.text, refusal.status) if refusal else self._app
        await answer(scope, receive, send)


async def _own(text: str, kind: str, request: Request) -> Response:  # noqa: ARG001
    return Response(text, media_type=kind)


def _own_file(name: str) -> Route:
    return Route(f"/{name}", partial(_own, document.asset(name), _TYPES[name.rpartition(".")[2]]))


class EventStream:
    """Answers with the stream of events, or 503 if there are too many viewers."""

    def __init__(self, viewers: Viewers) -> None:
        self._viewers = viewers

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer the request SCOPE; return when the browser has gone."""
        async with self._viewers.one_more() as has_room:
            answer = (
                StreamingResponse(self._viewers.follow(), media_type="text/event-stream")
                if has_room
                else PlainTextResponse(f"{VIEWERS} browsers show this page already: close some of them.", 503)
            )
            await answer(scope, receive, send)


async def _answer(limiter: CapacityLimiter, question: Question, request: Request) -> Response:
    return await _in_thread(limiter, partial(question, dict(request.query_params)))


async def _act(limiter: CapacityLimiter, action: Action, request: Request) -> Response:
    try:
        value = json.loads(await _body(request))
    except (ValueError, RecursionError):
        raise HTTPException(400, "The request is not JSON.") from None
    if not isinstance(value, dict):
        raise HTTPException(400, "The request is not an object.")
    return await _in_thread(limiter, partial(action, value))


async def _body(request: Request) -> bytes:
    """Return the request's body. Raises HTTPException if it is too large, or does not come to its end."""
    body = bytearray()
    try:
        async for part in request.stream():
            body += part
            if len(body) > BODY_BYTES:
                raise HTTPException(413, f"The message is too large: {BODY_BYTES // 1024} KiB at most.")
    except ClientDisconnect:
        raise HTTPException(400, "The request has no end.") from None
    return bytes(body)


async def _in_thread(limiter: CapacityLimiter, act: Callable[[], Any]) -> Response:
    """Return what ACT returns as JSON, or what went wrong, in words for the user."""
    try:
        return JSONResponse(await to_thread.run_sync(act, limiter=limiter))
    except AmqError as error:
        text = ". ".join(filter(None, (error.message, error.hint)))
        status = next((status for kind, status in _STATUS.items() if isinstance(error, kind)), 409)
    except OSError as error:
        text, status = in_words(error), 409
    return PlainTextResponse(visible(text), status)
