"""What an account began with, in the log: its first cash, and, when a person asks for it, all that it has.

A broker that tells every execution since the account was opened explains its positions by them. Most do not, and of an
account with a long past they are too many to be read; then what is held at the first look is a break, until a named
person adopts the account as it is. Nothing of ours is among them: before the log begins, nothing was sent.
"""

from collections.abc import Callable, Sequence
from contextlib import suppress
from decimal import Decimal

from tradewire import ids
from tradewire.messages.account_events import AccountAdopted, AdoptionRequested, CashMoved, PositionAdjusted
from tradewire.messages.vocabulary import Discrepancy
from tradewire.replica import Replica
from tradewire.runtime.logs import Log
from tradewire_router.brokers.errors import BrokerError
from tradewire_router.brokers.port import Broker
from tradewire_router.brokers.values import Activity, Balance, Beginning, BrokerOrder, Cursor, Execution, Position
from tradewire_router.domain.comparison import compare, opening_cash, prices_of
from tradewire_router.domain.state import RouterState
from tradewire_router.domain.translate import Teller, account_event
from tradewire_router.facts import Facts, settled

PAST_MOST = 500
"""How many executions or other activities of before the log are read at most: ten pages or so of most brokers."""
_ZERO = Decimal(0)


class Opening:
    """Books the beginning of one account."""

    def __init__(
        self,
        state: RouterState,
        replica: Replica,
        broker: Broker,
        facts: Facts,
        teller: Callable[[], Teller],
        log: Log,
        *,
        base: str,
    ) -> None:
        """`base` is the currency in which the account is told."""
        self._state, self._replica, self._broker, self._facts = state, replica, broker, facts
        self._teller, self._log, self._base = teller, log, base

    async def book_cash(self) -> None:
        """Books the first cash that the log hears of: what there is, less what executions and activities moved.

        Of more than PAST_MOST of these none is read: the log begins after them, with the cash of now.

        Raises BrokerError.
        """
        while True:
            begins = await self._broker.beginning(PAST_MOST)
            executions, activities, cursor = await self._past(begins)
            balances = await self._broker.balances()
            more, _ = await self._broker.executions_since(cursor)
            if not more and (begins is None or not (await self._broker.activities_since(begins.activities))[0]):
                break
        if begins is not None:
            self._log.warning("the account has a long past, which is not read; adopt it as it is", most=PAST_MOST)
        teller = self._teller()
        for asset, amount in opening_cash(self._base, balances, executions, activities).items():
            data = CashMoved(
                account=teller.account,
                amount=amount,
                currency=asset,
                reason="opening",
                broker=teller.broker,
                base=self._base,
                cursor=begins.cursor if begins is not None and asset == self._base else "",
                activities=begins.activities if begins is not None and asset == self._base else "",
            )
            event_id = ids.derive("opening", teller.broker, teller.account, asset)
            self._facts.add([account_event(teller, event_id, data)])

    async def _past(self, begins: Beginning | None) -> tuple[list[Execution], list[Activity], Cursor]:
        """The executions and activities that are booked as the log's first ones, and the cursor after them."""
        if begins is not None:
            return [], [], begins.cursor
        executions, cursor = await self._broker.executions_since(None)
        activities: list[Activity] = []
        if self._broker.capabilities.activities:
            activities, _ = await self._broker.activities_since(None)
        return executions, activities, cursor

    async def adopt(
        self,
        asked: AdoptionRequested,
        positions: Sequence[Position],
        balances: Sequence[Balance],
        external: Sequence[BrokerOrder],
    ) -> None:
        """Books whatever the broker has more or less than the log, for the person who asked; then says that it is done.

        Begun again, it books what is left of it.
        """
        found = compare(self._state, positions, balances, self._broker.capabilities.cash_step)
        prices = prices_of(self._state, found, positions)
        for difference in found:
            if difference.kind == "position":
                await self._adjust(asked, difference, prices.get(difference.key))
            else:
                self._move(asked, difference)
        teller = self._teller()
        done = AccountAdopted(
            account=teller.account,
            broker=teller.broker,
            by=asked.by,
            request=asked.request,
            positions=sum(each.kind == "position" for each in found),
            currencies=sum(each.kind == "cash" for each in found),
            orders=tuple(order.broker_order_id for order in external),
        )
        self._facts.add([account_event(teller, ids.command_uuid(asked.request, "AccountAdopted"), done)])
        await settled(self._facts, self._replica)

    async def _adjust(self, asked: AdoptionRequested, found: Discrepancy, price: Decimal | None) -> None:
        teller, mark = self._teller(), await self._worth(found.key)
        data = PositionAdjusted(
            account=teller.account,
            symbol=found.key,
            quantity=_gap(found),
            price=next((each for each in (price, mark) if each is not None), _ZERO),
            reason="opening",
            broker=teller.broker,
            mark=mark,
            by=asked.by,
            why=asked.reason,
            request=asked.request,
        )
        self._facts.add([account_event(teller, _id(asked, found), data)])

    def _move(self, asked: AdoptionRequested, found: Discrepancy) -> None:
        teller = self._teller()
        data = CashMoved(
            account=teller.account,
            amount=_gap(found),
            currency=found.key,
            reason="opening",
            broker=teller.broker,
            base=self._base,
            by=asked.by,
            why=asked.reason,
            request=asked.request,
        )
        self._facts.add([account_event(teller, _id(asked, found), data)])

    async def _worth(self, symbol: str) -> Decimal | None:
        """What a unit is worth now, where the broker says it: what is brought in at cost has not won the rest today."""
        quote = None
        with suppress(BrokerError):
            quote = await self._broker.quote(symbol)
        if quote is None:
            return None
        return quote.last if quote.last is not None else quote.bid


def _gap(found: Discrepancy) -> Decimal:
    return Decimal(found.theirs) - Decimal(found.ours)


def _id(asked: AdoptionRequested, found: Discrepancy) -> str:
    return ids.derive("adopted", asked.request, found.kind, found.key, str(_gap(found)))
