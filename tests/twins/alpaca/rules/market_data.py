"""Market data: latest values, bars by pages, the stream and its refusals."""

from datetime import UTC, datetime, timedelta
from typing import Any

from alpaca.data.enums import DataFeed
from alpaca.data.requests import (
    CryptoLatestQuoteRequest,
    StockBarsRequest,
    StockLatestQuoteRequest,
    StockLatestTradeRequest,
    StockSnapshotRequest,
)
from alpaca.data.timeframe import TimeFrame

from tests.twins.alpaca.options import Options, values
from tests.twins.alpaca.rules import rule
from tests.twins.alpaca.rules.desk import Desk, refused
from tests.twins.kit.remote import Remote


def bars(twin: Remote, symbol: str, count: int) -> None:
    """Minute bars from 2026-03-02 14:30 UTC on."""
    first = datetime(2026, 3, 2, 14, 30, tzinfo=UTC)
    times = [first + timedelta(minutes=number) for number in range(count)]
    made = [{"t": time.isoformat(), "o": 1, "h": 2, "l": 1, "c": 2, "v": n} for n, time in enumerate(times)]
    twin.do("bars", symbol=symbol, timeframe="1Min", bars=made)


def answered(twin: Remote, word: str) -> list[dict[str, Any]]:
    """What the stream has sent of this kind, as soon as there is some."""

    def told() -> list[dict[str, Any]]:
        sent = [entry for entry in twin.journal() if entry["kind"] == "out" and "frame" in entry]
        return [entry for entry in sent if entry["frame"][0]["T"] == word]

    return list(twin.until(told))


@rule("latest quotes and trades; a symbol without data is not there", "[src]")
def latest(desk: Desk) -> None:
    twin = desk.twin()
    twin.do("trade", symbol="AAPL", price="100.05", size="7")
    client = desk.data(twin, typed=True)
    found = client.get_stock_latest_quote(StockLatestQuoteRequest(symbol_or_symbols=["AAPL", "MSFT"]))
    assert set(found) == {"AAPL"}
    assert (found["AAPL"].bid_price, found["AAPL"].ask_price) == (100.0, 100.1)
    trade = client.get_stock_latest_trade(StockLatestTradeRequest(symbol_or_symbols="AAPL"))["AAPL"]
    assert (trade.price, trade.size) == (100.05, 7.0)
    assert (
        client.get_stock_snapshot(StockSnapshotRequest(symbol_or_symbols="AAPL"))["AAPL"].latest_trade.price == 100.05
    )


@rule("bars come in pages over symbols, either way; the library reads them all", "[src]")
def paging(desk: Desk) -> None:
    twin = desk.twin()
    bars(twin, "AAPL", 700)
    bars(twin, "MSFT", 500)
    asked = {"symbol_or_symbols": ["AAPL", "MSFT"], "timeframe": TimeFrame.Minute, "start": "2026-03-01"}
    whole = desk.data(twin).get_stock_bars(StockBarsRequest(**asked))
    assert {symbol: len(read) for symbol, read in whole.items()} == {"AAPL": 700, "MSFT": 500}
    client = desk.data(twin)
    read: list[int] = []
    token = None
    while True:
        page = client.get(
            "/stocks/bars", {"symbols": "AAPL,MSFT", "timeframe": "1Min", "limit": 500, "page_token": token}
        )
        read.append(sum(len(one) for one in page["bars"].values()))
        if (token := page["next_page_token"]) is None:
            break
    assert read == [500, 500, 200]
    newest = client.get("/stocks/bars", {"symbols": "AAPL", "timeframe": "1Min", "limit": 1, "sort": "desc"})
    assert [one["v"] for one in newest["bars"]["AAPL"]] == [699]


@rule("a feed that is not paid for is 403 over REST, one that is paid for is answered", "[mem] [option]")
def rights(desk: Desk) -> None:
    asked = StockLatestQuoteRequest(symbol_or_symbols="AAPL", feed=DataFeed.SIP)
    for value in values("feeds"):
        client = desk.data(desk.twin(feeds=value))
        if value == "sip":
            assert client.get_stock_latest_quote(asked)["AAPL"]["ap"] == 100.1
        else:
            assert refused(client.get_stock_latest_quote, asked).status_code == 403


@rule("the stream speaks MessagePack with its client; quotes, trades and bars of what was subscribed", "[src]")
def stream(desk: Desk) -> None:
    twin = desk.twin()
    listener = desk.quotes(twin, "AAPL", "MSFT", typed=True)
    twin.do("quote", symbol="AAPL", bid="99", ask="99.5", at=1_772_461_800_000_000)
    twin.do("trade", symbol="MSFT", price="50")
    twin.do("quote", symbol="NVDA", bid="1", ask="2")
    bar = {"t": "2026-03-02T14:30:00Z", "o": 1, "h": 2, "l": 1, "c": 2, "v": 3}
    twin.do("bars", symbol="AAPL", timeframe="1Min", bars=[bar], stream=True)
    listener.until(3)
    assert [type(one).__name__ for one in listener.heard] == ["Quote", "Trade", "Bar"]
    assert listener.heard[0].timestamp.isoformat() == "2026-03-02T14:30:00+00:00"
    assert [one["symbol"] if isinstance(one, dict) else one.symbol for one in listener.heard] == [
        "AAPL",
        "MSFT",
        "AAPL",
    ]
    sent = str([entry for entry in twin.journal() if entry["kind"] == "out"])
    assert "MSFT" in sent
    assert "NVDA" not in sent
    (opened,) = [entry for entry in twin.journal() if entry["kind"] == "open"]
    assert opened["headers"]["Content-Type"] == "application/msgpack"


@rule("statuses are told of what was subscribed; a feed without them refuses that and tells quotes", "[option]")
def statuses(desk: Desk) -> None:
    for value in values("statuses"):
        twin = desk.twin(statuses=value)
        listener = desk.quotes(twin, "AAPL")
        listener.stream.subscribe_trading_statuses(listener.take, "AAPL")
        sent(twin, "invalid subscribe action" if value == "refused" else "'statuses': ['AAPL']")
        twin.do("status", symbol="AAPL")
        twin.do("quote", symbol="AAPL", bid="99", ask="99.5")
        kinds = ["q"] if value == "refused" else ["s", "q"]
        listener.until(len(kinds))
        assert [one["T"] for one in listener.heard] == kinds


def sent(twin: Remote, words: str) -> None:
    """Waits until something like this was sent."""
    twin.until(lambda: any(words in str(entry) for entry in twin.journal() if entry["kind"] == "out"))


@rule("wrong keys: the stream tries again and tells nobody", "[src]")
def wrong_keys(desk: Desk) -> None:
    twin = desk.twin()
    listener = desk.quotes(twin, "AAPL", secret="wrong", ready=False)
    twin.until_called("GET /v2/iex", 3)
    assert listener.running


@rule("a feed that is not paid for ends the stream's task without an error, one that is paid for streams", "[option]")
def stream_rights(desk: Desk) -> None:
    for value in values("feeds"):
        twin = desk.twin(feeds=value)
        listener = desk.quotes(twin, "AAPL", path="/v2/sip", ready=value == "sip")
        if value == "sip":
            twin.do("quote", symbol="AAPL", bid="99", ask="99.5")
            listener.until(1)
            assert listener.heard[0]["bp"] == 99
        else:
            listener.until_over()
            assert listener.heard == []
        assert twin.calls("GET /v2/sip") == 1


@rule("more symbols than 30 are refused, unless the feed is paid for", "[doc] [option]")
def symbols(desk: Desk) -> None:
    assert Options().data_symbols == 30
    named = ["AAPL", *(f"S{number}" for number in range(30))]
    for value in values("feeds"):
        twin = desk.twin(feeds=value)
        listener = desk.quotes(twin, *named, path=f"/v2/{value}", ready=value == "sip")
        told = [entry["frame"] for entry in answered(twin, "subscription" if value == "sip" else "error")]
        if value == "sip":
            assert len(told[0][0]["quotes"]) == 31
        else:
            assert told == [[{"T": "error", "code": 405, "msg": "symbol limit exceeded"}]]
            assert listener.heard == []


@rule("one data stream per account: a second one is told connection limit exceeded", "[doc]")
def one_stream(desk: Desk) -> None:
    twin = desk.twin()
    desk.quotes(twin, "AAPL")
    desk.quotes(twin, "MSFT", ready=False)
    twin.until(lambda: any("connection limit exceeded" in str(entry) for entry in twin.journal()))


@rule("crypto has its own paths, without feeds", "[src]")
def crypto(desk: Desk) -> None:
    twin = desk.twin()
    twin.do("quote", symbol="BTC/USD", bid="50000", ask="50010")
    found = desk.crypto_data(twin).get_crypto_latest_quote(CryptoLatestQuoteRequest(symbol_or_symbols="BTC/USD"))
    assert found["BTC/USD"]["ap"] == 50010
    listener = desk.quotes(twin, "BTC/USD", path="/v1beta3/crypto/us")
    twin.do("quote", symbol="BTC/USD", bid="50001", ask="50011")
    twin.until(lambda: [one["bp"] for one in listener.heard] == [50001])


@rule("1,000 quotes are streamed in order", "[src]")
def many(desk: Desk) -> None:
    twin = desk.twin()
    listener = desk.quotes(twin, "MSFT")
    twin.do("quotes", symbol="MSFT", first="50", step="0.01", spread="0.02", count=1000)
    listener.until(1000)
    assert [one["bp"] for one in listener.heard] == [round(50 + n / 100, 2) for n in range(1000)]
