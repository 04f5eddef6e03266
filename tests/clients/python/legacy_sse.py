"""The transport of 2024-11-05: one stream for everything that the server says, and a URL for what the client says."""

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import anyio

from asked import ROOTS, Asked
from play import BEARER, Connection, Sdk, Wire, bearer, cancellations, leaves, play_all, text, until

OTHER_BEARER = bearer(os.environ["MCP_OTHER_TOKEN"])
# Revision 2026-07-28 has no sessions.
HAS_MODERN = False
# Nothing that is answered.
NOTIFICATION = {"jsonrpc": "2.0", "method": "notifications/roots/list_changed"}


@dataclass
class Opened:
    """A client with a stream of its own."""

    client: Connection
    wire: Wire
    asked: Asked


@asynccontextmanager
async def opened(sdk: Sdk, headers: dict[str, str] = BEARER) -> AsyncIterator[Opened]:
    wire, asked = Wire(), Asked()
    http = sdk.http(headers=headers, event_hooks=wire.hooks())
    async with sdk.connect_over_sse(http, **asked.callbacks()) as client:
        yield Opened(client, wire, asked)


async def opens_a_stream(sdk: Sdk) -> None:
    async with opened(sdk) as session:
        [stream] = session.wire.others
        assert (stream.verb, stream.status, stream.media_type) == ("GET", 200, "text/event-stream")
        assert (await session.client.tools())[0] == "test_simple_text"
        simple = await session.client.call("test_simple_text", {})
        assert text(simple) == ["This is a simple text response for testing."]
    assert {post.status for post in session.wire.posts} == {202}
    assert {urlsplit(post.url).path for post in session.wire.posts} == {"/messages"}


async def is_asked_and_told(sdk: Sdk) -> None:
    heard: list[float] = []

    async def hear(progress: float, *_: Any) -> None:
        heard.append(progress)

    async with opened(sdk) as session:
        client, asked = session.client, session.asked
        form = await client.call("test_elicitation", {"message": "Who are you?"})
        assert text(form) == ["The user is alice, alice@example.com"]
        sampled = await client.call("test_sampling", {"prompt": "Say it louder"})
        assert text(sampled) == ["The model says: SAY IT LOUDER"]
        assert text(await client.call("test_list_roots", {})) == ["\n".join(ROOTS)]
        await client.call("test_slow", {"seconds": 1}, hear)
        assert heard == list(range(1, 11))
        await client.call("test_tool_with_logging", {})
        await asked.hears("notifications/message", 3)
        await client.call("test_trigger_tool_change", {})
        await asked.hears("notifications/tools/list_changed")


async def cancels(sdk: Sdk) -> None:
    running, before = anyio.Event(), cancellations()

    async def hear(*_: Any) -> None:
        running.set()

    async with opened(sdk) as session:
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(session.client.call, "test_slow", {"seconds": 30}, hear)
            await running.wait()
            tasks.cancel_scope.cancel()
        await session.client.cancel(session.wire)
        await until(lambda: cancellations() > before)
        await session.client.sdk.send_ping()


async def keeps_it_to_itself(sdk: Sdk) -> None:
    """A token is needed on both URLs, and on the second one the right one: its address alone is worth nothing."""
    try:
        async with opened(sdk, {}):
            raise AssertionError("connected")
    except Exception as error:
        refused = [getattr(getattr(leaf, "response", None), "status_code", None) for leaf in leaves(error)]
        assert refused == [401], error
    async with sdk.http() as http:
        async with opened(sdk) as session:
            url = session.wire.posts[0].url
            for headers, status in [({}, 401), (OTHER_BEARER, 404), (BEARER, 202)]:
                assert (await http.post(url, json=NOTIFICATION, headers=headers)).status_code == status
        with anyio.fail_after(10):
            while (await http.post(url, json=NOTIFICATION, headers=BEARER)).status_code != 404:
                await anyio.sleep(0.05)


async def play(sdk: Sdk) -> None:
    await play_all(sdk, [opens_a_stream, is_asked_and_told, cancels, keeps_it_to_itself], ", HTTP+SSE")
