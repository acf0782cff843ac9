"""The reader's statements."""

_EVENT = "pos, stream, version, event_id, type, schema, at, time, writer, correlation_id, causation_id, data"
_EVENT_OF_E = ", ".join(f"e.{column}" for column in _EVENT.split(", "))

LOCK = "select pg_advisory_lock(hashtext('tradewire reader'), hashtext(current_database()))"

HEAD = "select log_id, frame, pos from ledger.head"

CHECKPOINT = "select log_id, code, generation, frame, pos, hash, books_pos from read.checkpoint"

BEGIN_CHECKPOINT = """
insert into read.checkpoint (log_id, code, generation, frame, pos, hash, books_pos)
values ($1, $2, 0, 0, 0, $3, 0)
on conflict do nothing
"""

RESTART_CHECKPOINT = """
update read.checkpoint
set log_id = $1, code = $2, generation = generation + 1, frame = 0, pos = 0, hash = $3, books_pos = 0
"""

HOLD_CHECKPOINT = "select 1 from read.checkpoint for update"

_KEYS = {
    "orders": "order_id",
    "fills": "pos",
    "positions": 'account collate "C", symbol collate "C"',
    "cash": 'account collate "C", currency collate "C"',
    "standing": 'slot collate "C"',
}
DIGESTED = {
    table: f"select t::text from read.{table} t order by {key}"  # noqa: S608 - our own names
    for table, key in _KEYS.items()
}

CLEAR = tuple(f"delete from read.{table}" for table in (*_KEYS, "books"))  # noqa: S608 - our own names

FRAME_HASH = "select hash from ledger.frame where frame = $1"

FRAMES = "select frame, first_pos, last_pos, hash from ledger.frame where frame > $1 order by frame limit $2"

EVENTS = f"select {_EVENT} from ledger.event where pos between $1 and $2 order by pos"  # noqa: S608

# One statement, one round trip: nothing changes unless the checkpoint still is where these changes begin. Each part
# waits for the checkpoint's row first, so that two folders cannot wait for each other.
APPLY = """
with moved as (
    update read.checkpoint set frame = $1, pos = $2, hash = $3, books_pos = $4
    where frame = $5 and pos = $6 and generation = $7 and log_id = $8
    returning 1
), ordered as (
    insert into read.orders as o
        (order_id, signal, signal_id, strategy, account, symbol, status, open, side, quantity, filled, fees, reason,
         anomaly, requested_at, updated_at, updated_pos, state)
    select order_id, signal, signal_id, strategy, account, symbol, status, open, side, quantity::numeric,
           filled::numeric, fees::numeric, reason, anomaly, requested_at, updated_at, updated_pos, state
    from unnest(
        $9::uuid[], $10::uuid[], $11::text[], $12::text[], $13::text[], $14::text[], $15::text[], $16::boolean[],
        $17::text[], $18::text[], $19::text[], $20::text[], $21::text[], $22::text[], $23::bigint[], $24::bigint[],
        $25::bigint[], $26::bytea[]
    ) as n (order_id, signal, signal_id, strategy, account, symbol, status, open, side, quantity, filled, fees, reason,
            anomaly, requested_at, updated_at, updated_pos, state)
    where exists (select 1 from moved)
    on conflict (order_id) do update set
        status = excluded.status, open = excluded.open, side = excluded.side, quantity = excluded.quantity,
        filled = excluded.filled, fees = excluded.fees, reason = excluded.reason, anomaly = excluded.anomaly,
        updated_at = excluded.updated_at, updated_pos = excluded.updated_pos, state = excluded.state
), filled as (
    insert into read.fills
        (pos, kind, order_id, strategy, account, broker, symbol, side, quantity, price, fee, fee_currency, execution,
         revision, time, broker_time, superseded_by)
    select pos, kind, order_id, strategy, account, broker, symbol, side, quantity::numeric, price::numeric,
           fee::numeric, fee_currency, execution, revision, time, broker_time, superseded_by
    from unnest(
        $27::bigint[], $28::text[], $29::uuid[], $30::text[], $31::text[], $32::text[], $33::text[], $34::text[],
        $35::text[], $36::text[], $37::text[], $38::text[], $39::text[], $40::integer[], $41::bigint[], $42::bigint[],
        $43::bigint[]
    ) as n (pos, kind, order_id, strategy, account, broker, symbol, side, quantity, price, fee, fee_currency, execution,
            revision, time, broker_time, superseded_by)
    where exists (select 1 from moved)
), held as (
    insert into read.positions
        (account, symbol, quantity, average_price, cost, realized, fees, multiplier)
    select account, symbol, quantity::numeric, average_price::numeric, cost::numeric, realized::numeric, fees::numeric,
           multiplier::numeric
    from unnest(
        $44::text[], $45::text[], $46::text[], $47::text[], $48::text[], $49::text[], $50::text[], $51::text[]
    ) as n (account, symbol, quantity, average_price, cost, realized, fees, multiplier)
    where exists (select 1 from moved)
    on conflict (account, symbol) do update set
        quantity = excluded.quantity, average_price = excluded.average_price, cost = excluded.cost,
        realized = excluded.realized, fees = excluded.fees, multiplier = excluded.multiplier
), paid as (
    insert into read.cash (account, currency, cash, realized_today, fees_today, moved_today)
    select account, currency, cash::numeric, realized_today::numeric, fees_today::numeric, moved_today::numeric
    from unnest($52::text[], $53::text[], $54::text[], $55::text[], $56::text[], $57::text[])
        as n (account, currency, cash, realized_today, fees_today, moved_today)
    where exists (select 1 from moved)
    on conflict (account, currency) do update set
        cash = excluded.cash, realized_today = excluded.realized_today, fees_today = excluded.fees_today,
        moved_today = excluded.moved_today
), booked as (
    insert into read.books (account, pos, book)
    select * from unnest($58::text[], $59::bigint[], $60::bytea[]) where exists (select 1 from moved)
    on conflict (account) do update set pos = excluded.pos, book = excluded.book
), emptied as (
    delete from read.standing where slot = any($61::text[]) and exists (select 1 from moved)
), stands as (
    insert into read.standing (slot, pos)
    select * from unnest($62::text[], $63::bigint[]) where exists (select 1 from moved)
    on conflict (slot) do update set pos = excluded.pos
)
select count(*) from moved
"""

# Apart, because corrections are rare, and the planner, which does not know that, would read all fills every time.
SUPERSEDE = """
update read.fills f set superseded_by = s.pos
from unnest($1::text[], $2::text[], $3::text[], $4::bigint[]) as s (account, broker, execution, pos)
where f.account = s.account and f.broker = s.broker and f.execution = s.execution and f.superseded_by is null
"""

OPEN_ORDERS = "select state from read.orders where open"

ORDERS_BY_ID = "select state from read.orders where order_id = any($1::uuid[])"

BOOKS = "select account, pos, book from read.books"

# What the stored books do not hold yet.
LATER_BOOK_EVENTS = f"""
select {_EVENT} from ledger.event where pos > $1 and pos <= $2 and type = any($3) order by pos
"""  # noqa: S608

STANDING = f"""
select s.slot, {_EVENT_OF_E} from read.standing s join ledger.event e on e.pos = s.pos order by e.pos
"""  # noqa: S608

EVENTS_AT = f"select {_EVENT} from ledger.event where pos = any($1::bigint[]) order by pos"  # noqa: S608

ORDERS_SINCE = """
select o.order_id, e.at from read.orders o join ledger.event e on e.pos = o.updated_pos
where o.order_id = any($1::uuid[])
"""

APPROVALS = """
select distinct on (stream) stream, data from ledger.event
where stream = any($1::text[]) and type = 'OrderApproved' order by stream, version desc
"""

# What the continuous check asks for.
AUDITED = f"""
select {_EVENT}, hash from ledger.event where pos > $1 and pos <= $2 order by pos limit $3
"""  # noqa: S608

AUDITED_FRAMES = """
select f.frame, f.first_pos, f.last_pos, f.hash, e.hash as stored
from ledger.frame f left join ledger.event e on e.pos = f.last_pos
where f.frame > $1 and f.last_pos <= $2 order by f.frame
"""

PRECEDING = """
select e.stream, e.version from unnest($1::text[], $2::bigint[]) as asked (stream, version)
join ledger.event e on e.stream = asked.stream and e.version = asked.version and e.pos < $3
"""

KNOWN_IDS = "select event_id from ledger.event where event_id = any($1::uuid[]) and pos < $2"

STREAMS_BEFORE = f"""
select {_EVENT} from ledger.event where stream = any($1::text[]) and pos < $2 order by pos
"""  # noqa: S608

# The latest InstrumentReported of each account and symbol stand in slots of their own.
INSTRUMENTS = """
select e.data from read.standing s join ledger.event e on e.pos = s.pos
where s.slot like 'account-%/InstrumentReported/%' order by s.slot collate "C"
"""

# Orders of the last moments are carried although they are closed, because risk looks for their like in its duplicate
# window. `offset 0` keeps the planner from reading the whole log instead of looking each stream up.
SNAPSHOT_EVENTS = f"""
select {_EVENT} from (
    select {_EVENT_OF_E} from (
        select order_id from read.orders where open
        union
        (select order_id from read.orders
         where requested_at > (select coalesce(max(requested_at), 0) - 15000000 from read.orders)
         order by requested_at desc, order_id desc limit 2000)
    ) o
    cross join lateral (
        select * from ledger.event where stream = 'order-' || o.order_id::text offset 0
    ) e
    union all
    select {_EVENT_OF_E} from read.standing s join ledger.event e on e.pos = s.pos
) as carried
where pos <= $1
order by pos
"""  # noqa: S608

# The queries; `{where}` and its arguments come from Conditions.
ORDERS = """
select requested_at, order_id, state from read.orders where {where}
order by requested_at desc, order_id desc limit {limit}
"""

FILLS = """
select pos, kind, order_id, strategy, account, broker, symbol, side, quantity, price, fee, fee_currency, execution,
       revision, time, broker_time, superseded_by
from read.fills where {where} order by time desc, pos desc limit {limit}
"""

ORDERS_BETWEEN = "select state from read.orders where order_id between $1 and $2 order by order_id limit $3"

ORDERS_BY_SIGNAL_ID = "select state from read.orders where signal_id = $1 order by requested_at desc limit $2"

ORDERS_OF_SIGNAL = """
select o.state from ledger.event e join read.orders o on o.order_id = substr(e.stream, 7)::uuid
where e.correlation_id = $1 and e.type = 'OrderRequested' order by e.pos
"""

ORDERS_ABOUT = "select order_id, signal, account, strategy from read.orders where order_id = any($1::uuid[])"

STORY = f"""
select {_EVENT} from ledger.event where stream = any($1::text[]) and pos > $2 and pos <= $3 order by pos limit $4
"""  # noqa: S608

EVENTS_WHERE = f"""
select {_EVENT} from ledger.event
where pos between ${{low}} and ${{high}} and {{where}} order by {{order}} limit {{limit}}
"""  # noqa: S608
