"""Who may talk to the server: the browser that had the link, from the server's own pages."""

import hmac
import secrets
from http.cookies import CookieError, SimpleCookie

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

COOKIE = "ddpm_review"
LOCAL = ("127.0.0.1", "localhost")
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
HEADERS = {
    "Content-Security-Policy": POLICY,
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cache-Control": "no-store",
}
NO_COOKIE = (
    "This page belongs to the browser that opened the link which ddpm-grader review printed. "
    "A link works once: start the command again for another one."
)


class Keys:
    """The secrets of one run: ``token`` is in the link and works once, ``session`` is the cookie,
    ``form`` goes with all that changes something."""

    def __init__(self) -> None:
        self.token: str | None = secrets.token_urlsafe(24)
        self.session = secrets.token_urlsafe(32)
        self.form = secrets.token_urlsafe(24)

    def use(self, token: str) -> bool:
        """Whether this is the token; it is used up then."""
        right = self.token is not None and same(token, self.token)
        if right:
            self.token = None
        return right

    def cookie(self, port: int) -> str:
        """For ``Set-Cookie``."""
        return f"{COOKIE}_{port}={self.session}; HttpOnly; SameSite=Strict; Path=/"


def same(one: str, other: str) -> bool:
    return hmac.compare_digest(one.encode("utf-8", "replace"), other.encode("utf-8", "replace"))


class Guard:
    """Lets through what comes from this machine's own pages; everything else is refused before
    anything of it is looked at."""

    def __init__(self, app: ASGIApp, keys: Keys, port: int) -> None:
        self.app, self.keys, self.port = app, keys, port

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            if scope["type"] == "lifespan":
                await self.app(scope, receive, send)
            return

        async def with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message).update(HEADERS)
            await send(message)

        if problem := self.problem(scope):
            status, text = problem
            await PlainTextResponse(text, status)(scope, receive, with_headers)
            return
        await self.app(scope, receive, with_headers)

    def problem(self, scope: Scope) -> tuple[int, str] | None:
        """The status and the sentence that refuse it; None if it may pass."""
        headers = Headers(scope=scope)
        hosts = [f"{name}:{self.port}" for name in LOCAL]
        if headers.getlist("host") != [headers.get("host")] or headers.get("host") not in hosts:
            return 421, "This server answers to 127.0.0.1 and localhost alone."
        own = f"http://{headers['host']}"
        origin, writes = headers.get("origin"), scope["method"] not in ("GET", "HEAD")
        if origin not in (own, None) or (writes and origin != own):
            return 403, "This request comes from another page."
        if headers.get("sec-fetch-site", "none") not in ("same-origin", "none"):
            return 403, "This request comes from another page."
        if scope["path"] == "/enter" and not writes:
            return None
        if not self.knows(headers):
            return 403, NO_COOKIE
        if writes and not same(headers.get("x-form", ""), self.keys.form):
            return 403, "This form is of an earlier run: load the page again."
        return None

    def knows(self, headers: Headers) -> bool:
        """Whether the cookie is there."""
        jar: SimpleCookie = SimpleCookie()
        try:
            jar.load(headers.get("cookie", ""))
        except CookieError:
            return False
        found = jar.get(f"{COOKIE}_{self.port}")
        return found is not None and same(found.value, self.keys.session)
