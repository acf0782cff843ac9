"""A strategy: it buys when a stock's fast average rises above its slow one, and sells when it falls below it again.

It knows NATS and nothing of Tradewire: quotes come in on `quotes.>`, signals go out on `signals.sma_cross`.
"""

import asyncio
import contextlib
import json
import os
import signal
import ssl
from collections import defaultdict
from datetime import UTC, datetime
from statistics import fmean

import nats
import nats.errors
from nats.js import JetStreamContext

FAST, SLOW, QUANTITY = 20, 50, 25


def crossing(prices: list[float]) -> str | None:
    """Returns buy when the last price lifted the fast average over the slow one, sell when it pulled it under."""
    if len(prices) <= SLOW:
        return None
    before, now = (fmean(p[-FAST:]) - fmean(p[-SLOW:]) for p in (prices[:-1], prices))
    return "buy" if before <= 0 < now else "sell" if before >= 0 > now else None


def tls() -> ssl.SSLContext | None:
    """What a server whose address begins with tls:// wants to see: the files of NATS_CA, NATS_CERT and NATS_KEY."""
    if not (authority := os.environ.get("NATS_CA")):
        return None
    context = ssl.create_default_context(cafile=authority)
    context.load_cert_chain(os.environ["NATS_CERT"], os.environ["NATS_KEY"])
    return context


async def publish(stream: JetStreamContext, body: dict[str, str | int]) -> None:
    """Publishes until it is acknowledged. The same id is the same signal, so sending it again never trades twice."""
    headers = {"Nats-Msg-Id": f"sma_cross:{body['id']}"}
    while True:
        try:
            await stream.publish("signals.sma_cross", json.dumps(body).encode(), headers=headers)
            return
        except nats.errors.Error as error:
            print(f"{body['id']} was not acknowledged and is sent again: {error}", flush=True)
            await asyncio.sleep(1)


async def trade() -> None:
    """Listens to quotes and publishes a signal at each crossing, until it is cancelled."""
    prices: dict[str, list[float]] = defaultdict(list)
    bought: set[str] = set()
    async with await nats.connect(
        os.environ.get("NATS_URL", "nats://localhost:4222"),
        nkeys_seed=os.environ.get("NATS_NKEY"),
        inbox_prefix=os.environ.get("NATS_INBOX_PREFIX", "_INBOX"),
        tls=tls(),
        max_reconnect_attempts=-1,
    ) as client:
        quotes = await client.subscribe("quotes.>")
        await client.flush()
        print("sma_cross is listening to quotes.>", flush=True)
        async for message in quotes.messages:
            quote = json.loads(message.data)
            symbol, price = quote["symbol"], quote["last"]
            if price is None:  # nothing was traded, so no average moves
                continue
            prices[symbol] = [*prices[symbol][-SLOW:], float(price)]
            action = crossing(prices[symbol])
            if action and (action == "sell") == (symbol in bought):  # it sells only what it bought
                bought ^= {symbol}
                time = datetime.fromtimestamp(quote["at"] / 1_000_000, UTC)
                body = {"id": f"{symbol}-{time:%Y-%m-%d}", "symbol": symbol, "action": action, "quantity": QUANTITY}
                await publish(client.jetstream(), body | {"price": price, "timestamp": time.isoformat()})
            if message.reply:  # a replay waits for this answer before it goes on to the next day
                await message.respond(b"")


async def main() -> None:
    """Trades until SIGTERM or Ctrl-C."""
    trading = asyncio.create_task(trade())
    for stop in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(stop, trading.cancel)
    with contextlib.suppress(asyncio.CancelledError):
        await trading


if __name__ == "__main__":
    asyncio.run(main())
