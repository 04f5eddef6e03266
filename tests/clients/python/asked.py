"""A client that can be asked, and that remembers what it was asked and told."""

from collections import defaultdict
from typing import Any

from mcp import types

from play import until

ROOTS = ["file:///home/alice/letters", "file:///home/alice/notes"]
ALICE: dict[str, Any] = {"username": "alice", "email": "alice@example.com"}


class Asked:
    def __init__(self) -> None:
        # What the user does next with a form.
        self.action: Any = "accept"
        # The parameters of each form, as they are on the wire.
        self.forms: list[dict[str, Any]] = []
        # The parameters of each notification, under its method.
        self.told: dict[str, list[dict[str, Any]]] = defaultdict(list)

    def callbacks(self) -> dict[str, Any]:
        return {
            "elicitation_callback": self._fill_in,
            "sampling_callback": self._sample,
            "list_roots_callback": self._list_roots,
            "message_handler": self._hear,
        }

    async def hears(self, method: str, count: int = 1) -> None:
        """Waits until it has been told this so often."""
        await until(lambda: len(self.told[method]) >= count)
        assert len(self.told[method]) == count, self.told[method]

    async def _fill_in(self, _: Any, params: Any) -> types.ElicitResult:
        self.forms.append(params.model_dump(by_alias=True))
        return types.ElicitResult(action=self.action, content=ALICE if self.action == "accept" else None)

    async def _sample(self, _: Any, params: Any) -> types.CreateMessageResult:
        louder = types.TextContent(type="text", text=params.messages[0].content.text.upper())
        return types.CreateMessageResult(role="assistant", content=louder, model="echo")

    async def _list_roots(self, _: Any) -> types.ListRootsResult:
        return types.ListRootsResult.model_validate({"roots": [{"uri": uri} for uri in ROOTS]})

    async def _hear(self, message: Any) -> None:
        message = getattr(message, "root", message)
        if method := getattr(message, "method", None):
            params = message.params.model_dump(by_alias=True, mode="json") if message.params else {}
            self.told[method].append(params)
