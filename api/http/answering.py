"""What answers a request with one finished answer, as ASGI: what the endpoints of graph and REST have in common."""

from abc import ABC, abstractmethod

from starlette.types import Receive, Scope, Send

from api.http.answer import Answer
from api.http.body import ClientLeftError


class Answering(ABC):
    """An ASGI application that makes an answer and sends it; nothing is sent to a client that has left."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        try:
            answer = await self._answer(scope, receive)
        except ClientLeftError:
            return
        await answer.send(send, is_head=scope["method"] == "HEAD")

    @abstractmethod
    async def _answer(self, scope: Scope, receive: Receive) -> Answer:
        """Return the answer to a request.

        Raises:
            ClientLeftError: Nobody waits for it any more.
        """
