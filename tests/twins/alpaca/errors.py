"""What Alpaca refuses, in its codes and words. One code stands for several things: the message decides."""

from typing import Any

from tests.twins.kit.venue import Answer


class RefusedError(Exception):
    """A call that is answered with an error."""

    def __init__(self, status: int, code: int | None, message: str, **more: Any) -> None:
        super().__init__(message)
        self.status = status
        self.body: dict[str, Any] = {**({} if code is None else {"code": code}), "message": message, **more}

    def answer(self) -> Answer:
        return Answer(status=self.status, body=self.body)


def invalid(message: str) -> RefusedError:
    """The request makes no sense."""
    return RefusedError(422, 40010001, message)


def unprocessable(message: str) -> RefusedError:
    """The request makes sense, and cannot be done: unknown asset, sub-penny price, not cancelable, not replaceable."""
    return RefusedError(422, 42210000, message)


def missing(message: str) -> RefusedError:
    """There is no such thing."""
    return RefusedError(404, 40410000, message)


def forbidden(message: str, **more: Any) -> RefusedError:
    """Not allowed for this account now: buying power, quantity held, wash trade and others."""
    return RefusedError(403, 40310000, message, **more)


def day_trading() -> RefusedError:
    return RefusedError(403, 40310100, "trade denied due to pattern day trading protection")


def unauthorized(code: int) -> RefusedError:
    return RefusedError(401, code or None, "request is not authorized" if code else "unauthorized.")


def too_many(code: int, headers: dict[str, str]) -> Answer:
    refusal = RefusedError(429, code or None, "rate limit exceeded")
    return Answer(status=429, body=refusal.body, headers=headers)
