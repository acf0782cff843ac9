"""`tradewire risk replay`: the recorded log, decided again under other limits."""

import asyncio
from collections.abc import Collection
from contextlib import aclosing
from pathlib import Path
from typing import Annotated

import typer

from tradewire.domain.quoting import quoted
from tradewire.errors import InvalidValue
from tradewire.settings import Settings
from tradewire_cli import OWNER
from tradewire_cli.commands.options import ConfigOption, DataOption, JsonOption, PersonOption, console
from tradewire_cli.commands.when import now, since
from tradewire_cli.exits import Exit, Failed
from tradewire_cli.finding import folder_of, settings_of
from tradewire_cli.other_limits.file import read_limits
from tradewire_cli.other_limits.log import whole_log
from tradewire_cli.other_limits.progress import SlowProgress
from tradewire_cli.views import plain
from tradewire_cli.views import replayed as view
from tradewire_risk import calendars
from tradewire_risk.domain.counterfactual.replay import Bound, Replay
from tradewire_risk.domain.counterfactual.report import Report
from tradewire_risk.domain.counterfactual.shadow import Overlay
from tradewire_risk.domain.sessions import Sessions
from tradewire_risk.plugins import load
from tradewire_risk.settings import setup_of

_WHERE = "a position, 10m, 4h, 2d, 2026-03-09, or a time"
_PLACE = "How long ago (4h, 2d), a day (2026-03-09), a time, or a position of the log."


def replay(
    limits: Annotated[Path, typer.Option("--limits", metavar="FILE", help="A tradewire.toml, or a part of one.")],
    since_where: Annotated[
        str | None, typer.Option("--since", metavar="WHERE", help=f"From where on the limits hold. {_PLACE}")
    ] = None,
    until_where: Annotated[
        str | None, typer.Option("--until", metavar="WHERE", help=f"Where to stop. {_PLACE}")
    ] = None,
    account: Annotated[str, typer.Option(help="Decide again only orders of this account.")] = "",
    most: Annotated[int, typer.Option("--limit", "-n", min=0, help="Show so many changes; 0 shows all.")] = 50,
    as_json: JsonOption = False,
    data: DataOption = None,
    config: ConfigOption = None,
    person: PersonOption = OWNER,
) -> None:
    """Decide every recorded order again, with its own prices, under the limits of a file, and show what that changes.

    Its section `risk` is laid over the recorded limits of everything, one such as `limits.account.NAME` over those of
    a narrower scope. What the file does not name stays as it was recorded. Nothing is written.
    """
    since_bound, until_bound = _bound("--since", since_where), _bound("--until", until_where)
    _verify_order(since_bound, until_bound)
    settings, overlay = settings_of(config), read_limits(limits)
    engine = Replay(
        setup_of(settings, load().sizers),
        overlay,
        since=since_bound,
        until=until_bound,
        account=account,
        calendars=_calendars(folder_of(data).path / "calendars"),
    )
    report = asyncio.run(_read(engine, data, person))
    _verify_accounts(settings, engine.accounts, account, overlay)
    if as_json:
        print(plain.document(report))
        return
    out = console()
    out.print(view.report(report, out.width, now(), most))


async def _read(engine: Replay, data: Path | None, person: str) -> Report:
    progress = SlowProgress()
    try:
        async with aclosing(whole_log(data, person)) as log:
            async for event, head in log:
                engine.feed(event)
                if engine.over:
                    break
                progress.at(event.pos, head.pos)
    finally:
        progress.stop()
    return engine.finish()


def _bound(option: str, where: str | None) -> Bound | None:
    if where is None:
        return None
    if not where:
        raise InvalidValue("TIME_INVALID", f"{option}: is empty", _WHERE)
    if where.isascii() and where.isdecimal():
        return Bound(pos=int(where))
    try:
        time = since(where)
    except InvalidValue as error:
        raise InvalidValue(
            error.code, error.message.replace("--since", option), f"a position, {error.expected}"
        ) from None
    return Bound(time=time)


def _verify_order(since_bound: Bound | None, until_bound: Bound | None) -> None:
    """Two positions, or two times, must be in their order; of one of each only the log knows."""
    if since_bound is None or until_bound is None:
        return
    for first, last in ((since_bound.pos, until_bound.pos), (since_bound.time, until_bound.time)):
        if first is not None and last is not None and first > last:
            raise InvalidValue("BOUNDS_REVERSED", "--since lies behind --until", "--since before --until")


def _verify_accounts(settings: Settings, logged: Collection[str], account: str, overlay: Overlay) -> None:
    """Every account, and every broker, that is named is one of the settings or of the log."""
    known = {*settings.accounts, *logged}
    brokers = {each.broker for each in settings.accounts.values()}
    if account and account not in known:
        raise Failed(Exit.WRONG_USE, f"--account: neither the settings nor the log have an account {quoted(account)}")
    for scope in overlay:
        kind, _, name = scope.partition(".")
        if kind == "account" and name not in known:
            problem = f"neither the settings nor the log have an account {quoted(name)}"
            raise Failed(Exit.WRONG_USE, f"limits.{scope}: {problem}")
        if kind == "broker" and name not in brokers:
            raise Failed(Exit.WRONG_USE, f"limits.{scope}: {quoted(name)} is no broker of a configured account")


def _calendars(folder: Path) -> dict[str, Sessions]:
    """The exchanges' sessions that risk has kept; without one, a decision that rests on it cannot be made again."""
    found: dict[str, Sessions] = {}
    for path in sorted(folder.glob("*.json")):
        try:
            kept = calendars.read(path.read_bytes())
        except (OSError, InvalidValue):
            continue
        found[kept.calendar] = kept.sessions
    return found
