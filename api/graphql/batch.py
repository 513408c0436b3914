"""Several operations in one request: a list of them is answered by a list of their answers, in their order.

It is off unless a setting says how many there may be. Each is measured, counted and answered as if it had come alone,
one after the other; what one is refused for does not touch the others. There is no specification of this; it is what
Apollo's and urql's clients send. Source: https://www.apollographql.com/docs/apollo-server/workflow/requests#batching
"""

from collections.abc import Awaitable, Callable

from api.data.consistency import HEADER as CONSISTENCY
from api.graphql.operation import Batch, Operation
from api.http.answer import UNCACHED, Answer
from api.http.errors import BadRequestError
from api.http.negotiation import Media


def check_unkeyed(key: str | None) -> None:
    """Refuse a batch with an idempotency key, which names one operation.

    Raises:
        BadRequestError: There is one.
    """
    if key is not None:
        raise BadRequestError("An Idempotency-Key is for one operation; send the operations of a batch by themselves.")


async def answer_batch(batch: Batch, answer: Callable[[int, Operation], Awaitable[Answer]]) -> Answer:
    """Return the answers to several operations as one, status 200.

    Args:
        batch: The operations.
        answer: Answers one of them, given its place; what it is refused for is in its answer, too.
    """
    answers = [await answer(place, operation) for place, operation in enumerate(batch)]
    tokens = dict(header for each in answers for header in each.headers if header[0] == CONSISTENCY)  # the last one
    body = b"[" + b",".join(each.whole for each in answers) + b"]"
    return Answer.json(200, body, (*UNCACHED, *tokens.items()), Media.JSON)
