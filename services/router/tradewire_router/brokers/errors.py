"""What can go wrong at a broker, as a tree. `code` is stable and for programs, `message` is for people.

BrokerError
├── BrokerConnectionError       the broker cannot be reached
│   └── SessionConflictError    somebody else is logged in as us
├── BrokerAuthenticationError   it does not believe who we are
│   ├── WrongEnvironmentError   the key is of another place: of paper at a live address, or the other way round
│   └── PermissionDeniedError   it does, and does not allow this
│       ├── WrongAccountError   the keys are good, and open another account than is meant
│       └── NoDataRightsError   it gives no prices to this account
├── BrokerTimeoutError          no answer in time: it may have happened
├── RateLimitError              too many requests; `retry_after` seconds
├── BrokerMaintenanceError      closed for maintenance
├── NotSupportedError           this broker cannot do that
├── OrderRejectedError          a definite no to an order
│   ├── InsufficientFundsError
│   ├── InvalidOrderError       a field of the order is wrong; the message names it
│   ├── UnknownSymbolError
│   ├── MarketClosedError
│   ├── WashTradeError
│   └── DuplicateClientOrderIdError   `existing` is the order that has the id
├── OrderNotFoundError
└── OrderNotCancelableError
"""

from typing import TYPE_CHECKING

from tradewire.errors import TradewireError

if TYPE_CHECKING:
    from tradewire_router.brokers.values import BrokerOrder


class BrokerError(TradewireError):
    """Anything that a broker says no to."""

    code: str = "BROKER_ERROR"

    def __init__(self, message: str, *, code: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        if code is not None:
            self.code = code

    def __str__(self) -> str:
        return f"{self.code}: {self.message}"


class BrokerConnectionError(BrokerError):
    """The broker cannot be reached."""

    code = "CONNECTION_LOST"


class SessionConflictError(BrokerConnectionError):
    """Another session uses the same login or client number."""

    code = "SESSION_CONFLICT"


class BrokerAuthenticationError(BrokerError):
    """The credentials are refused."""

    code = "AUTHENTICATION_FAILED"


class PermissionDeniedError(BrokerAuthenticationError):
    """The credentials are good and do not allow this."""

    code = "PERMISSION_DENIED"


class WrongEnvironmentError(BrokerAuthenticationError):
    """The key is of another place: of paper at a live address, or the other way round."""

    code = "WRONG_ENVIRONMENT"


class WrongAccountError(PermissionDeniedError):
    """The credentials are good, and of another account than the settings mean."""

    code = "WRONG_ACCOUNT"


class NoDataRightsError(PermissionDeniedError):
    """It gives no prices to this account, or not these."""

    code = "NO_DATA_RIGHTS"


class BrokerTimeoutError(BrokerError):
    """No answer in time. The request may have been carried out."""

    code = "TIMEOUT"


class RateLimitError(BrokerError):
    """Too many requests; nothing was done."""

    code = "RATE_LIMIT"

    def __init__(self, message: str, *, code: str | None = None, retry_after: float | None = None) -> None:
        super().__init__(message, code=code)
        self.retry_after = retry_after


class BrokerMaintenanceError(BrokerError):
    """The broker is closed for maintenance."""

    code = "MAINTENANCE"


class NotSupportedError(BrokerError):
    """This broker cannot do that; its capabilities say so beforehand."""

    code = "NOT_SUPPORTED"


class OrderRejectedError(BrokerError):
    """A definite no to an order: it does not exist at the broker."""

    code = "ORDER_REJECTED"


class InsufficientFundsError(OrderRejectedError):
    """The account cannot pay for it."""

    code = "INSUFFICIENT_FUNDS"


class InvalidOrderError(OrderRejectedError):
    """A field of the order is wrong; the message names it."""

    code = "INVALID_ORDER"


class UnknownSymbolError(OrderRejectedError):
    """The broker does not trade this symbol."""

    code = "UNKNOWN_SYMBOL"


class MarketClosedError(OrderRejectedError):
    """The market is closed for this order."""

    code = "MARKET_CLOSED"


class WashTradeError(OrderRejectedError):
    """It would trade with another order of the same owner."""

    code = "WASH_TRADE"


class DuplicateClientOrderIdError(OrderRejectedError):
    """The client order id is taken. `existing` is the order that has it, where the broker says."""

    code = "DUPLICATE_CLIENT_ORDER_ID"

    def __init__(self, message: str, *, code: str | None = None, existing: "BrokerOrder | None" = None) -> None:
        super().__init__(message, code=code)
        self.existing = existing


class OrderNotFoundError(BrokerError):
    """The broker knows no such order."""

    code = "ORDER_NOT_FOUND"


class OrderNotCancelableError(BrokerError):
    """The order cannot be canceled as it stands."""

    code = "ORDER_NOT_CANCELABLE"


_BY_CODE: dict[str, type[BrokerError]] = {
    error.code: error
    for error in (
        BrokerConnectionError,
        SessionConflictError,
        BrokerAuthenticationError,
        WrongEnvironmentError,
        PermissionDeniedError,
        WrongAccountError,
        NoDataRightsError,
        BrokerTimeoutError,
        RateLimitError,
        BrokerMaintenanceError,
        NotSupportedError,
        OrderRejectedError,
        InsufficientFundsError,
        InvalidOrderError,
        UnknownSymbolError,
        MarketClosedError,
        WashTradeError,
        DuplicateClientOrderIdError,
        OrderNotFoundError,
        OrderNotCancelableError,
    )
}

CODES = tuple(_BY_CODE)
"""Every code that has a class; a broker's own code may be any other."""


def error_of(code: str, message: str, default: type[BrokerError] = BrokerError) -> BrokerError:
    """Returns the error that a code stands for; a code that has no class of its own becomes `default` and is kept."""
    return _BY_CODE.get(code, default)(message, code=code)
