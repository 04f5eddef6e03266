"""The client of the Python SDK 1.x."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import anyio
import httpx
from mcp import ClientSession, types
from mcp.client.streamable_http import streamable_http_client

from scenario import URL, User, Wire, play


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

    def came(self, user: User) -> tuple[str, str | None]:
        return user.came["code"], user.came["state"]

    def tells(self, error: BaseException, status: int) -> bool:
        return isinstance(error, httpx.HTTPStatusError) and error.response.status_code == status


anyio.run(play, One())
