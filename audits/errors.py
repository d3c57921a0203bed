"""What is a refused request made of?"""

from typing import Any, ClassVar


class DomainError(Exception):
    """A request that cannot become a fact. Doors render it; nothing has been stored.

    `detail` is one sentence on what is wrong and what to do; `context` holds what a program may want to read.
    """

    code: ClassVar[str] = "refused"
    status: ClassVar[int] = 409

    def __init__(self, detail: str, **context: Any) -> None:
        self.detail, self.context = detail, context
        super().__init__(detail)
