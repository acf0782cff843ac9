"""`tradewire doctor`: what is wrong between an account and its broker, why, and what to do."""

import asyncio
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Annotated

import typer

from tradewire.domain.breaks import Standing
from tradewire.domain.orders import Order
from tradewire.errors import ConfigError, InvalidValue, TradewireError
from tradewire.messages.answers import OrdersPage
from tradewire.messages.queries import OrdersQuery
from tradewire.settings import Settings
from tradewire_cli import OWNER
from tradewire_cli.client import Place, connected, place_of
from tradewire_cli.commands.options import ConfigOption, DataOption, JsonOption, PersonOption, console
from tradewire_cli.commands.reconcile import standing_of
from tradewire_cli.commands.status import look
from tradewire_cli.commands.when import now
from tradewire_cli.doctor import market, system
from tradewire_cli.doctor.reaching import reached
from tradewire_cli.exits import Exit
from tradewire_cli.finding import folder_of, settings_of
from tradewire_cli.up.runfile import Run, running
from tradewire_cli.views import doctor as view
from tradewire_cli.views import plain
from tradewire_risk import calendars
from tradewire_router.brokers.values import Hours, Instrument
from tradewire_router.doctor.examine import Examined, examine
from tradewire_router.doctor.row import Row, fail
from tradewire_router.doctor.rows import rows_of

_AROUND = timedelta(days=10)


def doctor(
    account: Annotated[str, typer.Argument(metavar="ACCOUNT", help="Only this account.", show_default=False)] = "",
    symbol: Annotated[str, typer.Option(help="The symbol whose prices and market are asked for.")] = "AAPL",
    as_json: JsonOption = False,
    data: DataOption = None,
    config: ConfigOption = None,
    person: PersonOption = OWNER,
) -> int:
    """Ask each account's broker whether everything is right, and say of what is not the cause and the cure.

    It looks at settings, port, key, environment, permission, clock, prices and market, and at the running system.
    Nothing is changed, and no order is sent. 0 when nothing is wrong, 1 when something is.
    """
    try:
        folder = folder_of(data, config)
        run = running(folder.run_file)
        settings = settings_of(config or (Path(run.config) if run is not None and run.config else None))
    except ConfigError as error:
        found: dict[str, tuple[Row, ...]] = {
            "": (fail("settings", f"{error.key} {error.problem}", "the settings are wrong", error.fix),)
        }
    else:
        if account and account not in settings.accounts:
            expected = ", ".join(sorted(settings.accounts))
            raise InvalidValue("ACCOUNT_UNKNOWN", f"account: {account!r} is not configured", expected)
        place = place_of(data, person) if run is not None else None
        names = [account] if account else sorted(settings.accounts)
        found = asyncio.run(_all(reached(settings, folder, run), names, symbol, run, place))
    if as_json:
        print(plain.document({"accounts": found}))
    else:
        out = console()
        for name, rows in found.items():
            out.print(view.rows(name or "tradewire.toml", rows, out.width))
    wrong = any(row.result == "FAIL" for rows in found.values() for row in rows)
    return Exit.REFUSED if wrong else Exit.DONE


async def _all(
    settings: Settings, names: list[str], symbol: str, run: Run | None, place: Place | None
) -> dict[str, tuple[Row, ...]]:
    first = (system.NOT_RUNNING,)
    if run is not None and place is not None:
        first = (system.system(await look(run, place)),)
    return {name: (*first, *await _of_broker(settings, name, symbol), *await _of_log(place, name)) for name in names}


async def _of_broker(settings: Settings, account: str, symbol: str) -> tuple[Row, ...]:
    found = await examine(settings, account, symbol)
    rows = rows_of(found)
    instead: dict[str, Row] = {}
    if (opens := await asyncio.to_thread(_market, found)) is not None:
        instead[opens.check] = opens
    if settings.accounts[account].dry_run and found.refused is None:
        instead["settings"] = system.dry_run(account, rows[0])
    return tuple(instead.get(row.check, row) for row in rows)


def _market(found: Examined) -> Row | None:
    """Whether the exchange is open; None where the symbol is stopped, has no sessions, or nobody knows them."""
    told = found.instrument
    if not isinstance(told, Instrument) or not told.calendar or told.halted or not told.tradable:
        return None
    today, at = datetime.now(UTC).date(), now()
    try:
        sessions = calendars.sessions_between(told.calendar, today - _AROUND, today + _AROUND)
    except InvalidValue:
        return None
    hours = found.hours if isinstance(found.hours, Hours) else None
    return market.market(found.symbol, told.calendar, sessions, at, found.broker, hours)


async def _of_log(place: Place | None, account: str) -> tuple[Row, ...]:
    standing: Standing | None = None
    orders: list[Order] | None = None
    if place is not None:
        try:
            async with connected(place) as client:
                standing = await standing_of(client, account)
                page = await client.ask_all(OrdersQuery(open=True, account=account), OrdersPage, "orders")
                orders = list(page.orders)
        except TradewireError:
            pass
    return system.reconciled(standing), system.unknown(orders)
