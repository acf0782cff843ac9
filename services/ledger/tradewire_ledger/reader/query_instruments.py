"""The rules of symbols, as brokers last told them."""

import msgspec

from tradewire.messages.account_events import InstrumentReported
from tradewire.messages.answers import MAX_REPLY_BYTES, InstrumentRules, InstrumentsPage
from tradewire.messages.queries import InstrumentsQuery
from tradewire_ledger.reader import sql
from tradewire_ledger.reader.context import Context

_decode = msgspec.json.Decoder(InstrumentReported).decode


async def instruments(context: Context, query: InstrumentsQuery) -> InstrumentsPage:
    """Instruments by account and symbol, those in which the text is."""
    async with context.reading() as moment:
        rows = await moment.connection.fetch(sql.INSTRUMENTS)
    sources = context.sources()
    wanted, found, size, cursor = query.text.casefold(), list[InstrumentRules](), 0, ""
    told = sorted((_decode(row["data"]) for row in rows), key=lambda rules: (rules.account, rules.symbol))
    for rules in told:
        key = f"{rules.account} {rules.symbol}"
        if query.account not in ("", rules.account) or key <= query.cursor:
            continue
        called = {source.source: tuple(source.called(rules.symbol)) for source in sources}
        aliases = {source: names for source, names in called.items() if names}
        texts = (rules.symbol, rules.name, *(name for names in aliases.values() for name in names))
        if not any(wanted in text.casefold() for text in texts):
            continue
        entry = InstrumentRules(rules=rules, aliases=aliases)
        size += len(msgspec.json.encode(entry))
        if len(found) == query.limit or (found and size > MAX_REPLY_BYTES):
            cursor = f"{found[-1].rules.account} {found[-1].rules.symbol}"
            break
        found.append(entry)
    return InstrumentsPage(pos=moment.at.pos, instruments=tuple(found), cursor=cursor)
