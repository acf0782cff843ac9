"""The sequencer's statements."""

LOCK = "select pg_advisory_lock(hashtext('tradewire ledger'), hashtext(current_database()))"

HEAD = "select log_id, epoch, frame, pos, hash, at from ledger.head"

CREATE_HEAD = """
insert into ledger.head (log_id, epoch, frame, pos, hash, at) values ($1, 0, 0, 0, $2, 0) on conflict do nothing
"""

BUMP_EPOCH = "update ledger.head set epoch = epoch + 1 returning log_id, epoch, frame, pos, hash, at"

# One statement, one round trip: nothing is inserted unless this ledger still holds the head.
APPEND = """
with moved as (
    update ledger.head set frame = $1, pos = $2, hash = $3, at = $4
    where epoch = $5 and frame = $6 and pos = $7
    returning 1
), framed as (
    insert into ledger.frame (frame, first_pos, last_pos, hash)
    select * from unnest($8::bigint[], $9::bigint[], $10::bigint[], $11::bytea[]) where exists (select 1 from moved)
), written as (
    insert into ledger.event
        (pos, stream, version, event_id, type, schema, at, time, writer, correlation_id, causation_id, data, hash)
    select * from unnest(
        $12::bigint[], $13::text[], $14::bigint[], $15::uuid[], $16::text[], $17::bigint[], $18::bigint[],
        $19::bigint[], $20::text[], $21::uuid[], $22::uuid[], $23::bytea[], $24::bytea[]
    ) where exists (select 1 from moved)
)
select count(*) from moved
"""

MOVE_HEAD = """
with moved as (
    update ledger.head set frame = $1, pos = $2, hash = $3, at = $4
    where epoch = $5 and frame = $6 and pos = $7
    returning 1
), framed as (
    insert into ledger.frame (frame, first_pos, last_pos, hash)
    select * from unnest($8::bigint[], $9::bigint[], $10::bigint[], $11::bytea[]) where exists (select 1 from moved)
)
select count(*) from moved
"""

# In the order of the chain's preimage, which is a row of a binary COPY but for its hash.
EVENT_COLUMNS = (
    "pos",
    "stream",
    "version",
    "event_id",
    "type",
    "schema",
    "at",
    "time",
    "writer",
    "correlation_id",
    "causation_id",
    "data",
    "hash",
)
VERSIONS = """
select s.stream, coalesce((select version from ledger.event e where e.stream = s.stream
                           order by version desc limit 1), 0) as version
from unnest($1::text[]) as s (stream)
"""

WHOLE_VERSIONS = """
select stream, max(version) as version from ledger.event
where stream like 'control-%' or stream like 'limits-%' or stream like 'lease-%' or stream like 'account-%'
   or stream = 'system'
group by stream
"""

_EVENT = "pos, stream, version, event_id, type, schema, at, time, writer, correlation_id, causation_id, data"

BY_IDS = f"select {_EVENT} from ledger.event where event_id = any($1::uuid[])"  # noqa: S608 - a constant list of columns

LEASES = f"""
select distinct on (stream) {_EVENT} from ledger.event where stream like 'lease-%' order by stream, version desc
"""  # noqa: S608

FRAMES = "select frame, first_pos, last_pos, hash from ledger.frame where frame between $1 and $2 order by frame"

EVENTS = f"select {_EVENT} from ledger.event where pos between $1 and $2 order by pos"  # noqa: S608

FRAME_HASH = "select hash from ledger.frame where frame = $1"

EPOCH = "select epoch from ledger.head"
