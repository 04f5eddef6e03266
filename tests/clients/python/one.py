"""The client of the Python SDK 1.x: one.py SCENARIOS."""

import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from importlib import import_module
from typing import Any

import anyio
import httpx
from mcp import ClientSession, McpError, types
from mcp.client.sse import sse_client
from mcp.client.streamable_http import streamable_http_client

from play import URL, Wire


class Connected:
    def __init__(self, session: ClientSession, agreed: types.InitializeResult) -> None:
        self.sdk = session
        self.revision = agreed.protocolVersion
        self.server = agreed.serverInfo.name

    async def tools(self) -> list[str]:
        return [tool.name for tool in (await self.sdk.list_tools()).tools]

    async def call(self, name: str, arguments: dict[str, Any], progress: Any = None) -> dict[str, Any]:
        result = await self.sdk.call_tool(name, arguments, progress_callback=progress)
        return result.model_dump(by_alias=True)

    async def cancel(self, wire: Wire) -> None:
        params = types.CancelledNotificationParams(requestId=wire.last_id(), reason="enough")
        await self.sdk.send_notification(
            types.ClientNotification(types.CancelledNotification(params=params))
        )


class One:
    name = "python 1"
    revision = "2025-11-25"
    is_cancelled_by_closing = False

    def http(self, **options: Any) -> httpx.AsyncClient:
        return httpx.AsyncClient(**options)

    @asynccontextmanager
    async def connect(self, http: httpx.AsyncClient, **callbacks: Any) -> AsyncIterator[Connected]:
        async with streamable_http_client(URL, http_client=http) as (read, write, _):
            async with ClientSession(read, write, **callbacks) as session:
                yield Connected(session, await session.initialize())

    @asynccontextmanager
    async def connect_over_sse(self, http: httpx.AsyncClient, **callbacks: Any) -> AsyncIterator[Connected]:
        async with sse_client(URL, httpx_client_factory=lambda **_: http) as (read, write):
            async with ClientSession(read, write, **callbacks) as session:
                yield Connected(session, await session.initialize())

    def came(self, user: Any) -> tuple[str, str | None]:
        return user.came["code"], user.came["state"]

    def tells(self, error: BaseException, status: int) -> bool:
        # The SDK has an error of its own for a session that is over.
        if status == 404 and isinstance(error, McpError):
            return error.error.message == "Session terminated"
        return isinstance(error, httpx.HTTPStatusError) and error.response.status_code == status


anyio.run(import_module(sys.argv[1]).play, One())
