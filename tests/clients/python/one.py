"""The client of the Python SDK 1.x."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import anyio
import httpx
from mcp import ClientSession, types
from mcp.client.auth import OAuthClientProvider
from mcp.client.streamable_http import streamable_http_client
from mcp.shared.auth import OAuthClientMetadata

from scenario import REDIRECT, URL, Memory, Wire, play


class Connected:
    def __init__(self, session: ClientSession, agreed: types.InitializeResult) -> None:
        self._session = session
        self.revision = agreed.protocolVersion
        self.server = agreed.serverInfo.name

    async def tools(self) -> list[str]:
        return [tool.name for tool in (await self._session.list_tools()).tools]

    async def call(self, name: str, arguments: dict[str, Any], progress: Any = None) -> dict[str, Any]:
        result = await self._session.call_tool(name, arguments, progress_callback=progress)
        return result.model_dump(by_alias=True)

    async def cancel(self, wire: Wire) -> None:
        params = types.CancelledNotificationParams(requestId=wire.last_id(), reason="enough")
        await self._session.send_notification(
            types.ClientNotification(types.CancelledNotification(params=params))
        )


class One:
    name = "python 1"
    revision = "2025-11-25"
    is_cancelled_by_closing = False

    def http(self, **options: Any) -> httpx.AsyncClient:
        return httpx.AsyncClient(**options)

    @asynccontextmanager
    async def connect(self, http: httpx.AsyncClient) -> AsyncIterator[Connected]:
        async with streamable_http_client(URL, http_client=http) as (read, write, _):
            async with ClientSession(read, write) as session:
                yield Connected(session, await session.initialize())

    def user(self, memory: Memory) -> OAuthClientProvider:
        async def come_back() -> tuple[str, str | None]:
            return memory.came["code"], memory.came["state"]

        metadata = OAuthClientMetadata(
            client_name="test", redirect_uris=[REDIRECT], grant_types=["authorization_code"],
            token_endpoint_auth_method="none",
        )
        return OAuthClientProvider(URL, metadata, memory, memory.browse, come_back)

    def tells(self, error: BaseException, status: int) -> bool:
        return isinstance(error, httpx.HTTPStatusError) and error.response.status_code == status


anyio.run(play, One())
