"""A session, from its beginning to its end, as a client of either SDK sees it."""

import os
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import anyio

from asked import ROOTS, Asked
from play import BEARER, URL, Connection, Sdk, Wire, bearer, cancellations, leaves, play_all, text, until

CONTROL = os.environ["MCP_LINE_CONTROL"]
FRESH_BEARER = bearer(os.environ["MCP_FRESH_TOKEN"])
OTHER_BEARER = bearer(os.environ["MCP_OTHER_TOKEN"])
WATCHED = "test://watched-resource"
# Revision 2026-07-28 has no sessions.
HAS_MODERN = False
JSON = {"Content-Type": "application/json", "Accept": "application/json, text/event-stream"}
PING = {"jsonrpc": "2.0", "id": 1, "method": "ping"}
TOOLS_CHANGED = "notifications/tools/list_changed"
UPDATED = "notifications/resources/updated"


@dataclass
class Opened:
    """A client with a session of its own, which listens."""

    client: Connection
    http: Any
    wire: Wire
    asked: Asked

    @property
    def id(self) -> str:
        return self.wire.sessions[-1]


@asynccontextmanager
async def opened(sdk: Sdk) -> AsyncIterator[Opened]:
    wire, asked = Wire(), Asked()
    async with sdk.http(headers=BEARER, event_hooks=wire.hooks()) as http:
        async with sdk.connect(http, **asked.callbacks()) as client:
            await until(lambda: len(wire.others) > 0)
            yield Opened(client, http, wire, asked)


async def resumed(sdk: Sdk) -> int:
    async with sdk.http() as http:
        return (await http.get(f"{CONTROL}/resumed")).json()


async def opens_a_session(sdk: Sdk) -> None:
    async with opened(sdk) as session:
        assert session.client.revision == sdk.revision
        assert re.fullmatch("[0-9a-f]{32}", session.id)
        [stream] = session.wire.others
        assert (stream.verb, stream.status, stream.media_type) == ("GET", 200, "text/event-stream")
        assert (await session.client.tools())[0] == "test_simple_text"
        simple = await session.client.call("test_simple_text", {})
        assert text(simple) == ["This is a simple text response for testing."]


async def is_asked_in_the_middle_of_a_call(sdk: Sdk) -> None:
    ends = {
        "accept": "The user is alice, alice@example.com",
        "decline": "The user declined",
        "cancel": "The user cancelled",
    }
    async with opened(sdk) as session:
        for action, end in ends.items():
            session.asked.action = action
            form = await session.client.call("test_elicitation", {"message": "Who are you?"})
            assert text(form) == [end]
        assert [form["message"] for form in session.asked.forms] == ["Who are you?"] * 3
        sampled = await session.client.call("test_sampling", {"prompt": "Say it louder"})
        assert text(sampled) == ["The model says: SAY IT LOUDER"]
        assert text(await session.client.call("test_list_roots", {})) == ["\n".join(ROOTS)]


async def resumes_what_was_cut(sdk: Sdk) -> None:
    """The network breaks in the middle of a call: nothing is lost, and nothing comes twice."""
    before = await resumed(sdk)
    heard: list[float] = []
    cut: list[int] = []

    async def hear(progress: float, *_: Any) -> None:
        heard.append(progress)
        if progress == 3:
            async with sdk.http() as http:
                cut.append((await http.post(f"{CONTROL}/cut")).json())

    async with opened(sdk) as session:
        assert text(await session.client.call("test_slow", {"seconds": 2}, hear)) == ["done"]
        assert heard == list(range(1, 21))
        # The call's stream and the one for everything else.
        assert cut[0] >= 2
        assert await resumed(sdk) > before
        assert sum('"tools/call"' in post.body for post in session.wire.posts) == 1
        # And what belongs to no call finds its way again.
        await session.client.call("test_trigger_tool_change", {})
        await session.asked.hears(TOOLS_CHANGED)


async def comes_back_when_the_server_hangs_up(sdk: Sdk) -> None:
    before = await resumed(sdk)
    async with opened(sdk) as session:
        assert text(await session.client.call("test_reconnection", {})) == ["Reconnected"]
    assert await resumed(sdk) == before + 1


async def hears_of_changes(sdk: Sdk) -> None:
    async with opened(sdk) as session:
        client, asked = session.client, session.asked

        async def change() -> None:
            await client.call("test_trigger_resource_change", {})

        async def read() -> str:
            return (await client.sdk.read_resource(WATCHED)).contents[0].text

        await change()
        await client.sdk.subscribe_resource(WATCHED)
        first = await read()
        await change()
        await asked.hears(UPDATED)
        assert asked.told[UPDATED][0]["uri"] == WATCHED
        assert await read() != first
        await client.sdk.unsubscribe_resource(WATCHED)
        await change()

        await client.call("test_trigger_tool_change", {"added": "newcomer"})
        await asked.hears(TOOLS_CHANGED)
        assert (await client.tools())[-1] == "newcomer"
        await client.call("test_trigger_tool_change", {})
        await asked.hears(TOOLS_CHANGED, 2)
        assert "newcomer" not in await client.tools()
        # Of what came before it subscribed and after it unsubscribed, nothing was told.
        assert len(asked.told[UPDATED]) == 1


async def sets_how_much_is_logged(sdk: Sdk) -> None:
    async with opened(sdk) as session:
        await session.client.sdk.set_logging_level("warning")
        await session.client.call("test_tool_with_logging", {})
        assert not session.asked.told["notifications/message"]
        await session.client.sdk.set_logging_level("info")
        await session.client.call("test_tool_with_logging", {})
        await session.asked.hears("notifications/message", 3)
        assert [message["data"] for message in session.asked.told["notifications/message"]] == [
            "Tool execution started",
            "Tool processing data",
            "Tool execution completed",
        ]


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
        assert cancellations() == before + 1
        assert [post.status for post in session.wire.posts if post.is_cancellation] == [202]
        # The client comes back for an answer, and learns that there will be none.
        await until(lambda: any(other.status == 400 for other in session.wire.others))
        assert len(text(await session.client.call("test_simple_text", {}))) == 1


async def keeps_it_to_itself(sdk: Sdk) -> None:
    """Somebody else has a good token, and has come by the session's id. Whoever opened it goes on with another."""
    async with opened(sdk) as session, sdk.http(headers=JSON) as http:
        named = {"Mcp-Session-Id": session.id}
        refused = [
            await http.post(URL, json=PING, headers=named | OTHER_BEARER),
            await http.get(URL, headers=named | OTHER_BEARER),
            await http.delete(URL, headers=named | OTHER_BEARER),
        ]
        assert [response.status_code for response in refused] == [404] * 3
        assert (await http.post(URL, json=PING, headers=named | FRESH_BEARER)).status_code == 200
        await session.client.sdk.send_ping()


async def ends_it_and_begins_anew(sdk: Sdk) -> None:
    async with opened(sdk) as session:
        first = session.id
    assert [other.status for other in session.wire.others if other.verb == "DELETE"] == [200]
    try:
        async with opened(sdk) as session:
            ended = await session.http.delete(URL, headers={"Mcp-Session-Id": session.id})
            assert ended.status_code == 200
            await session.client.sdk.send_ping()
            raise AssertionError("it goes on")
    except Exception as error:
        assert any(sdk.tells(leaf, 404) for leaf in leaves(error)), error
    async with opened(sdk) as session:
        assert session.id != first
        await session.client.sdk.send_ping()


async def play(sdk: Sdk) -> None:
    await play_all(
        sdk,
        [
            opens_a_session,
            is_asked_in_the_middle_of_a_call,
            resumes_what_was_cut,
            comes_back_when_the_server_hangs_up,
            hears_of_changes,
            sets_how_much_is_logged,
            cancels,
            keeps_it_to_itself,
            ends_it_and_begins_anew,
        ],
        ", session",
    )
