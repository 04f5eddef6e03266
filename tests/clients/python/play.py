"""What the scenarios of either SDK are made of."""

import json
import os
from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

import anyio

URL = os.environ["MCP_URL"]
TOKEN = os.environ["MCP_TOKEN"]
ISSUER = os.environ["MCP_ISSUER"]
LOG = Path(os.environ["MCP_LOG"])


def bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


BEARER = bearer(TOKEN)


def cancellations() -> int:
    """How many calls the server has seen cancelled."""
    return LOG.read_text().count("call cancelled")


class Connection(Protocol):
    """A client that is connected."""

    revision: str
    server: str
    # What the SDK calls the same in both of its versions.
    sdk: Any

    async def tools(self) -> list[str]: ...

    async def call(self, name: str, arguments: dict[str, Any], progress: Any = None) -> dict[str, Any]:
        """The result as it is on the wire."""

    async def cancel(self, wire: "Wire") -> None:
        """Tells the server that the last call is cancelled, where the SDK does not do so by itself."""


class Sdk(Protocol):
    """What differs between the SDKs."""

    name: str
    revision: str
    is_cancelled_by_closing: bool

    def http(self, **options: Any) -> AbstractAsyncContextManager[Any]:
        """A client of httpx."""

    def connect(self, http: Any, **callbacks: Any) -> AbstractAsyncContextManager[Connection]: ...

    def connect_over_sse(self, http: Any, **callbacks: Any) -> AbstractAsyncContextManager[Connection]:
        """The same by the transport of 2024-11-05."""

    def came(self, user: Any) -> Any:
        """What the SDK is told when the user has come back."""

    def tells(self, error: BaseException, status: int) -> bool:
        """Whether an error tells that the server answered so."""


@dataclass
class Post:
    """A message that went to the server, and how it was answered."""

    url: str
    body: str
    status: int
    challenge: str

    @property
    def is_cancellation(self) -> bool:
        return '"notifications/cancelled"' in self.body


@dataclass
class Other:
    """A request without a message, and how it was answered."""

    verb: str
    status: int
    media_type: str


@dataclass
class Wire:
    """What went over the wire."""

    posts: list[Post] = field(default_factory=list)
    others: list[Other] = field(default_factory=list)
    # The ids of the sessions that were opened.
    sessions: list[str] = field(default_factory=list)

    async def hear(self, response: Any) -> None:
        request, headers = response.request, response.headers
        if request.method == "POST":
            challenge = headers.get("www-authenticate", "")
            body = request.content.decode()
            self.posts.append(Post(str(request.url), body, response.status_code, challenge))
            if '"initialize"' in body and "mcp-session-id" in headers:
                self.sessions.append(headers["mcp-session-id"])
        else:
            media_type = headers.get("content-type", "")
            self.others.append(Other(request.method, response.status_code, media_type))

    def last_id(self) -> int:
        """The id of the last request."""
        messages = [json.loads(post.body) for post in self.posts]
        return [message["id"] for message in messages if "id" in message and "method" in message][-1]

    def hooks(self) -> dict[str, Any]:
        return {"response": [self.hear]}


def text(result: dict[str, Any]) -> list[str]:
    return [block["text"] for block in result["content"]]


async def until(condition: Callable[[], bool]) -> None:
    with anyio.fail_after(10):
        while not condition():
            await anyio.sleep(0.05)


def leaves(error: BaseException) -> list[BaseException]:
    if isinstance(error, BaseExceptionGroup):
        return [leaf for inner in error.exceptions for leaf in leaves(inner)]
    return [error]


async def play_all(sdk: Sdk, scenarios: list[Callable[[Sdk], Awaitable[None]]], kind: str = "") -> None:
    """Plays scenarios in turn, and says which it is that fails."""
    for scenario in scenarios:
        words = f"{sdk.name}{kind}: {scenario.__name__.replace('_', ' ')}"
        try:
            await scenario(sdk)
        except BaseException as error:
            error.add_note(f"{words} failed")
            raise
        print(words, flush=True)
