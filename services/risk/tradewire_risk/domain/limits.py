"""Limits as they are compared: parsed strictly, and resolved once for all scopes that an order lies in.

The tightest of the scopes' values holds. A text that cannot be read denies every order in its scope, because a limit
that nobody can read is not a limit that was lifted.
"""

from collections.abc import Callable
from typing import Any

from msgspec import Struct

from tradewire.domain.limits import KINDS, OF_STRATEGY, STRATEGY, Amount, Span, is_own, read
from tradewire.domain.switches import Controls, account_scopes, control_stream, limits_stream, scopes
from tradewire.domain.times import duration
from tradewire.errors import InvalidValue
from tradewire.messages.log import Guard


class Bounds(Struct, frozen=True, gc=False):
    """The tightest value of every limit; None where no scope sets it. Amounts are in the account's currency."""

    max_order_quantity: Amount | None = None
    min_order_quantity: Amount | None = None
    max_order_value: Amount | None = None
    min_order_value: Amount | None = None
    max_position_value: Amount | None = None
    max_daily_loss: Amount | None = None
    max_open_orders_per_symbol: Amount | None = None
    max_signal_age: Span | None = None
    max_signal_ahead: Span | None = None
    max_price_age: Span | None = None
    duplicate_window: Span | None = None
    approval_ttl: Span | None = None
    mark_interval: Span | None = None
    allowed_symbols: frozenset[str] | None = None
    market_order_cushion: Amount | None = None
    rounding: str | None = None
    max_price_away: Amount | None = None
    max_price_away_passive: Amount | None = None
    max_price_away_crypto: Amount | None = None
    max_price_away_passive_crypto: Amount | None = None
    max_open_orders: Amount | None = None
    max_open_exposure: Amount | None = None
    max_gross_exposure: Amount | None = None
    max_net_exposure: Amount | None = None
    max_concentration: Amount | None = None
    max_group_concentration: Amount | None = None
    max_volume_share: Amount | None = None
    max_value_at_risk: Amount | None = None
    max_open_positions: Amount | None = None
    allow_short: str | None = None
    max_daily_loss_percent: Amount | None = None
    max_drawdown: Amount | None = None
    drawdown_window: Span | None = None
    max_orders_per_second: Amount | None = None
    max_orders_per_minute: Amount | None = None
    max_orders_per_day: Amount | None = None
    max_repeated_executions: Amount | None = None
    repeated_execution_window: Span | None = None
    cooldown: Span | None = None
    max_balance_age: Span | None = None
    max_instrument_age: Span | None = None
    restricted_symbols: frozenset[str] | None = None
    market_hours: str | None = None
    approval_threshold: Amount | None = None
    approval_deadline: Span | None = None
    probation_orders: Amount | None = None
    probation_order_value: Amount | None = None
    soft_limit: Amount | None = None


class Rules(Struct, frozen=True, gc=False):
    """Everything of one version of the switches and limits that concerns the orders of the same scopes.

    `account` is what holds for the account as a whole, and `strategy` what the strategy's own results are measured
    against, None where its scope sets nothing of OF_STRATEGY. `problem` says which limit cannot be read or must be set.
    Streams that were never written are guarded at version 0 and not recorded.
    """

    bounds: Bounds
    account: Bounds
    strategy: Bounds | None
    problem: str
    level: str
    level_scope: str
    guards: tuple[Guard, ...]
    limits: dict[str, int]
    control: dict[str, int]


def resolve(controls: Controls, in_scope: tuple[str, ...], account: Bounds | None = None) -> Rules:
    """Compiles what holds in these scopes, widest first; `account` is what holds for the account as a whole."""
    found: dict[str, Any] = {}
    own: dict[str, Any] = {}
    problem = ""
    for scope in in_scope:
        held = controls.limits.get(scope)
        for name, text in held.limits.items() if held else ():
            try:
                value = read(name, text)
            except InvalidValue as error:
                problem = problem or f"{scope} {name}: {error.message}"
                continue
            if is_own(scope, name):
                own[name] = value
            elif value is not None:
                found[name] = KINDS[name].tighter(found[name], value) if name in found else value
    if "approval_ttl" not in found:
        problem = problem or "approval_ttl is not set"
    level, where = controls.level(in_scope)
    limits, control = controls.limits_versions(in_scope), controls.control_versions(in_scope)
    bounds = Bounds(**found)
    return Rules(
        bounds=bounds,
        account=account or bounds,
        strategy=Bounds(**own) if own else None,
        problem=problem,
        level=level,
        level_scope=where,
        guards=(
            *(Guard(control_stream(scope), version) for scope, version in control.items()),
            *(Guard(limits_stream(scope), version) for scope, version in limits.items()),
        ),
        limits={scope: version for scope, version in limits.items() if version},
        control={scope: version for scope, version in control.items() if version},
    )


class Compiled:
    """Rules by scopes, compiled when first asked for and forgotten when a switch or a limit changes."""

    def __init__(self, controls: Controls, broker_of: Callable[[str], str]) -> None:
        """`broker_of` names an account's broker, or nothing."""
        self._controls, self._broker_of = controls, broker_of
        self._generation = -1
        self._orders: dict[tuple[str, ...], Rules] = {}
        self._accounts: dict[tuple[str, ...], Rules] = {}
        self._limited: tuple[str, ...] | None = None

    def _refresh(self) -> None:
        if self._generation != self._controls.generation:
            self._generation = self._controls.generation
            self._orders.clear()
            self._accounts.clear()
            self._limited = None

    def of_order(self, account: str, strategy: str, symbol: str) -> Rules:
        """What holds for an order."""
        self._refresh()
        key = (account, strategy, symbol, self._broker_of(account))
        rules = self._orders.get(key)
        if rules is None:
            rules = self._orders[key] = resolve(self._controls, scopes(*key), self.of_account(account).bounds)
        return rules

    def of_account(self, account: str) -> Rules:
        """What holds for an account as a whole."""
        self._refresh()
        key = (account, self._broker_of(account))
        rules = self._accounts.get(key)
        if rules is None:
            rules = self._accounts[key] = resolve(self._controls, account_scopes(*key))
        return rules

    def limited_strategies(self) -> tuple[str, ...]:
        """The strategies whose own results are limited, by name."""
        self._refresh()
        if self._limited is None:
            self._limited = tuple(
                sorted(
                    scope.removeprefix(STRATEGY)
                    for scope, held in self._controls.limits.items()
                    if scope.startswith(STRATEGY) and not OF_STRATEGY.isdisjoint(held.limits)
                )
            )
        return self._limited

    def longest(self, *names: str) -> int:
        """The longest span (microseconds) that any scope sets under one of these names."""
        texts = (held.limits.get(name) for held in self._controls.limits.values() for name in names)
        return max((_micros(text) for text in texts if text), default=0)


def _micros(text: str) -> int:
    try:
        return duration(text)
    except InvalidValue:
        return 0
