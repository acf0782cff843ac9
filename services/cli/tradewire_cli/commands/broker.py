"""`tradewire broker`: whether an account's broker does as it should, and whether an adapter does."""

import asyncio
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from decimal import Decimal
from pathlib import Path
from signal import SIGINT, SIGTERM
from typing import Annotated, Final

import typer
from rich.console import Console
from rich.text import Text

from tradewire.domain.money import positive
from tradewire.domain.names import is_symbol
from tradewire.errors import InvalidValue
from tradewire.live_rules import live_sentence
from tradewire.runtime.tasks import end_tasks
from tradewire.settings import Settings
from tradewire_cli import OWNER
from tradewire_cli.client import connected, place_of
from tradewire_cli.commands.options import ConfigOption, DataOption, JsonOption, PersonOption, console
from tradewire_cli.doctor.reaching import reached
from tradewire_cli.exits import INTERRUPTED, Exit, Failed
from tradewire_cli.finding import folder_of, settings_of
from tradewire_cli.suite import run_suite
from tradewire_cli.trial import view
from tradewire_cli.trial.step import Step, Steps, StopTrial
from tradewire_cli.trial.trial import Subject, Trial
from tradewire_cli.up.runfile import running
from tradewire_cli.views import plain

broker = typer.Typer(no_args_is_help=True, help="Try an account at its broker, or an adapter that you write.")
_PLAIN_SYMBOL: Final = "AAPL"


@broker.callback()
def group() -> None:
    """Try an account at its broker, or an adapter that you write."""


@broker.command("test")
def try_account(
    account: Annotated[str, typer.Argument(metavar="ACCOUNT", help="Its name.", show_default=False)] = "",
    symbol: Annotated[str, typer.Option(help="What the order is in.")] = _PLAIN_SYMBOL,
    quantity: Annotated[str, typer.Option(help="How much. [default: one share, or the fewest coins allowed]")] = "",
    price: Annotated[str, typer.Option(help="What it is worth, where the broker has no price of it.")] = "",
    sentence: Annotated[
        str, typer.Option("--live-sentence", help="For a live account: the sentence that its settings hold.")
    ] = "",
    suite: Annotated[
        str, typer.Option(metavar="MODULE", help="Instead: the contract suite on the adapter whose bench this is.")
    ] = "",
    select: Annotated[str, typer.Option("-k", metavar="WORDS", help="With --suite: only tests of these names.")] = "",
    checkout: Annotated[
        Path | None, typer.Option(help="With --suite: a clone of the repository. [default: the one around this folder]")
    ] = None,
    as_json: JsonOption = False,
    data: DataOption = None,
    config: ConfigOption = None,
    person: PersonOption = OWNER,
) -> int:
    """Send one small order far below the market, see it, cancel it, see it canceled, and compare: on a paper account.

    It is a signal like any other and goes through the running system, so that all of it is on the record. It is
    canceled whatever happens, Ctrl-C too. 0 when every step is ok, 1 when one failed, 3 when nobody knows.
    """
    if suite:
        if account:
            raise Failed(Exit.WRONG_USE, "--suite tries an adapter, ACCOUNT an account: say one of them")
        return run_suite(suite, select, checkout)
    if not account:
        raise Failed(Exit.WRONG_USE, "say which ACCOUNT, or --suite MODULE for an adapter that you write")
    if not is_symbol(symbol):
        raise InvalidValue("SYMBOL_INVALID", f"--symbol: {symbol!r} is no symbol", "one such as AAPL or BTC/USD")
    place, folder = place_of(data, person), folder_of(data, config)
    run = running(folder.run_file)
    if run is None:
        raise Failed(Exit.NOT_RUNNING, f"it goes through what `tradewire up` runs, and nothing runs in {folder.path}")
    settings = settings_of(config or (Path(run.config) if run.config else None))
    if account not in settings.accounts:
        expected = ", ".join(sorted(settings.accounts))
        raise InvalidValue("ACCOUNT_UNKNOWN", f"account: {account!r} is not configured", expected)
    _verify_live(settings, account, sentence)
    subject = Subject(
        account=account,
        settings=reached(settings, folder, run),
        run=run,
        place=place,
        symbol=symbol,
        price=_amount("--price", price),
        quantity=_amount("--quantity", quantity),
    )
    return asyncio.run(_try(subject, as_json=as_json))


def _verify_live(settings: Settings, account: str, sentence: str) -> None:
    """Passes paper accounts, and live ones whose owner says so once more."""
    wanted = live_sentence(account)
    if settings.accounts[account].is_live and sentence != wanted:
        problem = "is live" if not sentence else "is live, and that is another sentence"
        raise Failed(Exit.REFUSED, f'{account} {problem}; to send a real order, add --live-sentence "{wanted}"')


def _amount(option: str, written: str) -> Decimal | None:
    try:
        return positive(written) if written else None
    except InvalidValue as error:
        raise InvalidValue(error.code, f"{option}: {error.message}", error.expected) from None


async def _try(subject: Subject, *, as_json: bool) -> int:
    out = console()
    shown = Console(file=sys.stderr, quiet=True) if as_json else out
    account = subject.settings.accounts[subject.account]
    kind = "LIVE" if account.is_live else account.environment or "paper"
    shown.print(Text(f"{subject.account} at {account.broker}, {kind}", "bold"))
    steps = Steps(lambda step: view.tell(shown, step))
    async with connected(subject.place) as client, client.news() as heard:
        trial = Trial(subject, client, heard, steps)
        async with _interruptible(shown) as interrupted:
            await _until_done(trial, interrupted)
    order = trial.order.order if trial.order is not None else ""
    missing = [] if any(step.result == "failed" for step in steps.done) else steps.missing()
    if as_json:
        print(plain.document({"account": subject.account, "order": order, "steps": steps.done, "missing": missing}))
    else:
        shown.print()
        shown.print(view.verdict(subject.account, steps.done, missing, order))
    return _code(steps.done, interrupted=interrupted.is_set())


async def _until_done(trial: Trial, interrupted: asyncio.Event) -> None:
    """The trial, to its end or to Ctrl-C; then what may be open is canceled, which nothing ends. Raises as `run`."""
    work, asked = asyncio.create_task(trial.run()), asyncio.create_task(interrupted.wait())
    await asyncio.wait({work, asked}, return_when=asyncio.FIRST_COMPLETED)
    await end_tasks(asked)
    stopped = not work.done()
    if stopped:
        await end_tasks(work)
    await trial.clean_up()
    if not stopped:
        with suppress(StopTrial):
            await work


@asynccontextmanager
async def _interruptible(out: Console) -> AsyncIterator[asyncio.Event]:
    """Gives what is set by Ctrl-C, which ends nothing by itself."""
    interrupted, loop = asyncio.Event(), asyncio.get_running_loop()

    def ask() -> None:
        if not interrupted.is_set():
            out.print(Text("stopping: what may be open is canceled first", "yellow"))
        interrupted.set()

    for number in (SIGINT, SIGTERM):
        loop.add_signal_handler(number, ask)
    try:
        yield interrupted
    finally:
        for number in (SIGINT, SIGTERM):
            loop.remove_signal_handler(number)


def _code(steps: list[Step], *, interrupted: bool) -> int:
    results = {step.result for step in steps}
    if "unknown" in results:
        return Exit.UNKNOWN
    if interrupted:
        return INTERRUPTED
    return Exit.REFUSED if "failed" in results else Exit.DONE
