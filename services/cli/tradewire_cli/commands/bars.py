"""`tradewire bars`: prices of the past that the account's router keeps."""

import asyncio
import contextlib
from typing import Annotated, Final

import msgspec
import typer
from rich.text import Text

from tradewire import subjects
from tradewire.domain import names
from tradewire.errors import Unavailable
from tradewire.messages.bars import MOST_BARS, BarsPage, BarsQuestion, BarsRefused, decode_reply, encode
from tradewire.messages.vocabulary import Timeframe
from tradewire_cli import OWNER
from tradewire_cli.client import ASK_SECONDS, Client
from tradewire_cli.commands.asking import ask
from tradewire_cli.commands.options import DataOption, JsonOption, PersonOption, console
from tradewire_cli.commands.when import now
from tradewire_cli.exits import Exit, Failed
from tradewire_cli.finding import settings_if_right
from tradewire_cli.views import instruments as view
from tradewire_cli.views import plain

_TRY_SECONDS: Final = 3.0
_PAUSE_SECONDS: Final = 0.2


def bars(
    symbol: Annotated[str, typer.Argument(metavar="SYMBOL")],
    timeframe: Annotated[Timeframe, typer.Option(help="How long each bar is.")] = "1d",
    count: Annotated[int, typer.Option(min=1, max=MOST_BARS, help="At most so many, the newest.")] = 20,
    account: Annotated[str, typer.Option(help="Whose broker tells them. \\[default: default_account]")] = "",
    as_json: JsonOption = False,
    data: DataOption = None,
    person: PersonOption = OWNER,
) -> None:
    """Show bars of a symbol that is held, ordered or on a list of allowed symbols; the unfinished one is left out."""
    settings = settings_if_right()
    of = names.name(account or (settings.default_account if settings else "paper"))
    question = BarsQuestion(symbol=symbol, timeframe=timeframe, count=count)
    page = ask(data, person, lambda client: _asked(client, of, question))
    if as_json:
        print(plain.document({"account": page.account, "symbol": symbol, "timeframe": timeframe, "bars": page.bars}))
        return
    out = console()
    if not page.bars:
        out.print(Text(f"no bars of {symbol} at {timeframe} are kept for {page.account}", "dim"))
        return
    out.print(view.bars(page.bars, out.width, now()))


async def _asked(client: Client, account: str, question: BarsQuestion) -> BarsPage:
    """Asks the account's router until it answers.

    Raises:
        Failed: the question is refused.
        Unavailable: no router of the account answers in time.
    """
    subject, payload = subjects.bars_query(client.shard, account), encode(question)
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(ASK_SECONDS):
            while True:
                with contextlib.suppress(Unavailable, msgspec.DecodeError):
                    reply: BarsPage | BarsRefused = decode_reply(
                        (await client.bus.request(subject, payload, timeout=_TRY_SECONDS)).data
                    )
                    if isinstance(reply, BarsRefused):
                        raise Failed(Exit.WRONG_USE, f"{reply.message}; expected {reply.expected}")
                    return reply
                await asyncio.sleep(_PAUSE_SECONDS)
    raise Unavailable(f"the router of {account} does not answer; `tradewire status` says what runs")
