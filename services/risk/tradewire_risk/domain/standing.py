"""Where risk stands, for people: what is used of every limit, which switches stand, and what waits for a person."""

from collections.abc import Iterator
from decimal import Decimal
from typing import Final, Literal

from tradewire.domain.account_book import AccountBook
from tradewire.domain.limits import OF_STRATEGY
from tradewire.domain.orders import Status
from tradewire.messages.account_events import InstrumentReported
from tradewire.messages.risk_queries import (
    MOST_ROWS,
    AccountStanding,
    InstrumentRow,
    ProbationRow,
    RiskStatus,
    SwitchRow,
    UseRow,
)
from tradewire_risk.domain.limits import Bounds
from tradewire_risk.domain.profile import Profile
from tradewire_risk.domain.state import RiskState
from tradewire_risk.domain.strategy import allowed_account
from tradewire_risk.domain.usage import Use, usage_of

_NO_LIMIT = "none"
_UNITS: Final[dict[str, Literal["percent", "count"]]] = {
    "max_drawdown": "percent",
    "max_open_orders": "count",
    "max_orders_per_day": "count",
    "max_open_positions": "count",
}
"""Of what is not in money."""


def known_accounts(state: RiskState) -> list[str]:
    """The accounts that are configured, and those that the log tells of."""
    return sorted(state.setup.accounts.keys() | state.accounts.books.keys())


def standing(state: RiskState, now: int, instance: str, account: str = "") -> RiskStatus:
    """Where risk stands at a time (µs), for one account or for all."""
    wanted = [account] if account else known_accounts(state)
    held = [
        order
        for order_id in state.orders.waiting
        if (order := state.orders.orders[order_id]).status is Status.HELD and order.account in wanted
    ]
    return RiskStatus(
        pos=state.pos,
        at=now,
        clock=state.setup.clock,
        instance=instance,
        undecided=len(state.orders.requested),
        accounts=tuple(_account(state, name, now) for name in wanted),
        switches=tuple(_switches(state)),
        held=tuple(held[:MOST_ROWS]),
        held_more=max(len(held) - MOST_ROWS, 0),
    )


def _switches(state: RiskState) -> Iterator[SwitchRow]:
    for scope, switch in sorted(state.controls.switches.items()):
        if switch.level != "NONE":
            yield SwitchRow(scope=scope, level=switch.level, by=switch.by, reason=switch.reason, at=switch.at)


def _account(state: RiskState, account: str, now: int) -> AccountStanding:
    profile, book = state.setup.accounts.get(account), state.accounts.books.get(account)
    report = state.facts.balances.get(account)
    uses = [_use(state, account, use) for use in usage_of(state, account, now)]
    instruments = [each for (name, _), each in sorted(state.facts.instruments.items()) if name == account]
    return AccountStanding(
        account=account,
        broker=profile.broker if profile else "",
        currency=_currency(profile, book),
        day=state.day(account, now),
        equity=state.accounts.equity(account),
        loss=state.accounts.loss(account),
        reconciled=state.facts.reconciled(account),
        available=state.orders.funds.of(account).available,
        balances_at=None if report is None else report.at,
        uses=tuple(uses[:MOST_ROWS]),
        probation=tuple(_probation(state, account))[:MOST_ROWS],
        instruments=tuple(map(_instrument, instruments[:MOST_ROWS])),
        more=max(len(uses) - MOST_ROWS, 0) + max(len(instruments) - MOST_ROWS, 0),
        dry_run=profile is not None and profile.dry_run,
    )


def _currency(profile: Profile | None, book: AccountBook | None) -> str:
    if book is not None:
        return book.currency
    return profile.currency if profile else ""


def _use(state: RiskState, account: str, use: Use) -> UseRow:
    return UseRow(
        limit=use.limit,
        unit=_UNITS.get(use.limit, "money"),
        setting=_setting(_bounds(state, account, use), use.limit),
        value=use.value,
        most=use.most,
        percent=use.percent,
        warns=use.warns,
        strategy=use.strategy,
        symbol=use.symbol,
    )


def _bounds(state: RiskState, account: str, use: Use) -> Bounds:
    if use.strategy or use.symbol:
        rules = state.rules.of_order(account, use.strategy, use.symbol)
        return rules.strategy if use.limit in OF_STRATEGY and rules.strategy is not None else rules.bounds
    return state.rules.of_account(account).bounds


def _setting(bounds: Bounds, limit: str) -> str:
    """A limit as it is set, `none` for one that was lifted by name; empty where nobody has set it."""
    found = getattr(bounds, limit)
    return "" if found is None else str(found.text)


def _probation(state: RiskState, account: str) -> Iterator[ProbationRow]:
    """The strategies that are new to the account: of those that it may be traded by, or was."""
    window = state.windows.of(account)
    seen = {name for name, profile in state.setup.strategies.items() if allowed_account(profile, account)}
    for strategy in sorted(seen | window.fills.keys() | window.approved.keys()):
        bounds = state.rules.of_order(account, strategy, "").bounds
        needed, cap = bounds.probation_orders, bounds.probation_order_value
        executions = window.fills.get(strategy, 0)
        if needed is not None and Decimal(executions) < needed.value:
            yield ProbationRow(
                strategy=strategy,
                executions=executions,
                needed=int(needed.value),
                cap=_NO_LIMIT if cap is None else cap.text,
            )


def _instrument(told: InstrumentReported) -> InstrumentRow:
    problem = "halted" if told.halted else "" if told.tradable else "not tradable"
    return InstrumentRow(symbol=told.symbol, at=told.at, problem=problem)
