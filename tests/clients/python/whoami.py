"""What a client of either SDK has to see at the example whoami, with sessions or without them."""

import re
import time
from typing import Any
from urllib.parse import parse_qs, urlsplit

import anyio
from mcp.client.auth import OAuthClientProvider
from mcp.shared.auth import OAuthClientMetadata

from play import BEARER, ISSUER, URL, Sdk, Wire, cancellations, leaves, play_all, text, until

METADATA = f'resource_metadata="{URL.removesuffix("/mcp")}/.well-known/oauth-protected-resource/mcp"'
WRITE = ("write", {"text": "secret"})
# Nobody listens there: the code is read from the redirection.
REDIRECT = "http://127.0.0.1:9/callback"
# Revision 2026-07-28 is served there too, without sessions in any case.
HAS_MODERN = True


class User:
    """Where the SDK keeps what it was given, and a browser whose user agrees to everything."""

    def __init__(self, http: Any) -> None:
        self._http = http
        self.tokens: Any = None
        self.client: Any = None
        self.came: dict[str, str] = {}

    def provider(self, sdk: Sdk) -> OAuthClientProvider:
        async def come_back() -> Any:
            return sdk.came(self)

        metadata = OAuthClientMetadata(
            client_name="test",
            redirect_uris=[REDIRECT],
            grant_types=["authorization_code"],
            token_endpoint_auth_method="none",
        )
        return OAuthClientProvider(URL, metadata, self, self.browse, come_back)

    async def get_tokens(self) -> Any:
        return self.tokens

    async def set_tokens(self, tokens: Any) -> None:
        self.tokens = tokens

    async def get_client_info(self) -> Any:
        return self.client

    async def set_client_info(self, client: Any) -> None:
        self.client = client

    async def browse(self, url: str) -> None:
        response = await self._http.get(url)
        assert response.status_code == 302, response.text
        query = parse_qs(urlsplit(response.headers["location"]).query)
        self.came = {name: values[0] for name, values in query.items()}

    async def granted(self) -> list[str]:
        response = await self._http.get(f"{ISSUER}/granted", params={"client_id": self.client.client_id})
        return response.json()


async def negotiates(sdk: Sdk) -> None:
    async with sdk.http(headers=BEARER) as http, sdk.connect(http) as client:
        assert (client.revision, client.server) == (sdk.revision, "whoami")
        assert sorted(await client.tools()) == ["echo", "slow", "whoami", "write"]
        assert text(await client.call("echo", {"text": "naïve ☃"})) == ["naïve ☃"]
        me = (await client.call("whoami", {}))["structuredContent"]
        assert (me["issuer"], me["subject"], me["scopes"]) == (ISSUER, "static", ["mcp"])
        assert (await client.call("echo", {"text": 1}))["isError"] is True


async def hears_of_progress(sdk: Sdk) -> None:
    heard: list[tuple[float, float | None]] = []

    async def hear(progress: float, total: float | None, _: str | None) -> None:
        heard.append((progress, total))

    async with sdk.http(headers=BEARER) as http, sdk.connect(http) as client:
        assert text(await client.call("slow", {"seconds": 1}, hear)) == ["done"]
    assert len(heard) >= 2
    assert all(total == 10 for _, total in heard)
    assert all(earlier < later for (earlier, _), (later, _) in zip(heard, heard[1:]))


async def cancels(sdk: Sdk) -> None:
    wire, running, before = Wire(), anyio.Event(), cancellations()

    async def hear(*_: Any) -> None:
        running.set()

    async with sdk.http(headers=BEARER, event_hooks=wire.hooks()) as http, sdk.connect(http) as client:
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(client.call, "slow", {"seconds": 30}, hear)
            await running.wait()
            began = time.monotonic()
            tasks.cancel_scope.cancel()
        assert time.monotonic() - began < 5
        if sdk.is_cancelled_by_closing:
            await until(lambda: cancellations() > before)
            assert cancellations() == before + 1
            assert not any(post.is_cancellation for post in wire.posts)
        else:
            await client.cancel(wire)
            await until(lambda: any(post.is_cancellation for post in wire.posts))
            assert [post.status for post in wire.posts if post.is_cancellation] == [202]
        assert text(await client.call("echo", {"text": "on"})) == ["on"]


async def learns_that_tokens_are_needed(sdk: Sdk) -> None:
    for headers, told in [({}, ""), ({"Authorization": "Bearer no.such.token"}, 'error="invalid_token", ')]:
        wire = Wire()
        try:
            async with sdk.http(headers=headers, event_hooks=wire.hooks()) as http, sdk.connect(http):
                raise AssertionError("connected")
        except Exception as error:
            assert any(sdk.tells(leaf, 401) for leaf in leaves(error)), error
        post = wire.posts[0]
        assert post.status == 401
        assert re.fullmatch(f'Bearer {told}.*scope="mcp", {re.escape(METADATA)}', post.challenge), post


async def learns_that_a_scope_is_needed(sdk: Sdk) -> None:
    wire = Wire()
    try:
        async with sdk.http(headers=BEARER, event_hooks=wire.hooks()) as http, sdk.connect(http) as client:
            await client.call(*WRITE)
            raise AssertionError("written")
    except Exception as error:
        assert any(sdk.tells(leaf, 403) for leaf in leaves(error)), error
    post = wire.posts[-1]
    assert post.status == 403
    told = f'Bearer error="insufficient_scope", .*scope="mcp mcp:write", {re.escape(METADATA)}'
    assert re.fullmatch(told, post.challenge), post


async def steps_up(sdk: Sdk) -> None:
    """From no token at all to one that may write, by what the server says alone."""
    async with sdk.http() as browser:
        user = User(browser)
        async with sdk.http(auth=user.provider(sdk)) as http, sdk.connect(http) as client:
            assert await user.granted() == ["mcp"]
            me = (await client.call("whoami", {}))["structuredContent"]
            assert (me["subject"], me["scopes"]) == ("alice", ["mcp"])
            assert text(await client.call(*WRITE)) == ["wrote 6 bytes"]
            assert await user.granted() == ["mcp", "mcp mcp:write"]


async def play(sdk: Sdk) -> None:
    await play_all(
        sdk,
        [
            negotiates,
            hears_of_progress,
            cancels,
            learns_that_tokens_are_needed,
            learns_that_a_scope_is_needed,
            steps_up,
        ],
    )
