"""The client of the Python SDK 2.x, in each way in which it agrees on a revision: two.py SCENARIOS."""

import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from importlib import import_module
from typing import Any

import anyio
import httpx2
from mcp import Client
from mcp.client.auth import AuthorizationCodeResult
from mcp.client.sse import sse_client
from mcp.client.streamable_http import streamable_http_client
from mcp.shared.exceptions import MCPError

from play import URL, Wire

# The SDK tells the JSON-RPC error of the body and not the status.
CODES = {401: -32000, 403: -32600, 404: -32001}


class Connected:
    def __init__(self, client: Client) -> None:
        self.sdk = client
        self.revision = client.protocol_version
        self.server = client.server_info.name

    async def tools(self) -> list[str]:
        return [tool.name for tool in (await self.sdk.list_tools()).tools]

    async def call(self, name: str, arguments: dict[str, Any], progress: Any = None) -> dict[str, Any]:
        result = await self.sdk.call_tool(name, arguments, progress_callback=progress)
        return result.model_dump(by_alias=True)

    async def cancel(self, _: Wire) -> None:
        """The SDK does so by itself."""


class Two:
    def __init__(self, mode: str, revision: str) -> None:
        self.name = f"python 2, {mode}"
        self._mode = mode
        self.revision = revision
        self.is_cancelled_by_closing = revision == "2026-07-28"

    def http(self, **options: Any) -> httpx2.AsyncClient:
        return httpx2.AsyncClient(**options)

    @asynccontextmanager
    async def connect(self, http: httpx2.AsyncClient, **callbacks: Any) -> AsyncIterator[Connected]:
        transport = streamable_http_client(URL, http_client=http)
        async with Client(transport, mode=self._mode, **callbacks) as client:
            yield Connected(client)

    @asynccontextmanager
    async def connect_over_sse(self, http: httpx2.AsyncClient, **callbacks: Any) -> AsyncIterator[Connected]:
        transport = sse_client(URL, httpx_client_factory=lambda **_: http)
        async with Client(transport, mode=self._mode, **callbacks) as client:
            yield Connected(client)

    def came(self, user: Any) -> AuthorizationCodeResult:
        return AuthorizationCodeResult(**user.came)

    def tells(self, error: BaseException, status: int) -> bool:
        return isinstance(error, MCPError) and error.error.code == CODES[status]


async def main() -> None:
    scenarios = import_module(sys.argv[1])
    modern = [("auto", "2026-07-28")] if scenarios.HAS_MODERN else []
    for mode, revision in [*modern, ("legacy", "2025-11-25")]:
        await scenarios.play(Two(mode, revision))


anyio.run(main)
