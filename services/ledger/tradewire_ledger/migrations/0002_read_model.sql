-- migrate:up

-- The read model: what the log says, folded. Nothing here is truth; `tradewire-ledger rebuild` makes all of it anew.

create schema read;

create table read.checkpoint (
    single     boolean  primary key default true check (single),
    log_id     uuid     not null,
    code       integer  not null,
    generation bigint   not null,
    frame      bigint   not null,
    pos        bigint   not null,
    hash       bytea    not null,
    books_pos  bigint   not null
) with (fillfactor = 20);
comment on table read.checkpoint is 'how far the log is folded; each change of the read model moves it in the same statement';
comment on column read.checkpoint.code is 'version of the folds that wrote the read model; another one means a rebuild';
comment on column read.checkpoint.generation is 'raised by each rebuild, which shuts out whoever folded before it';

comment on column read.checkpoint.books_pos is 'the stored books hold all that concerns them up to here; the rest is folded again';

create table read.orders (
    order_id     uuid    primary key,
    signal       uuid    not null,
    signal_id    text    not null,
    strategy     text    not null,
    account      text    not null,
    symbol       text    not null,
    status       text    not null,
    open         boolean not null,
    side         text,
    quantity     numeric,
    filled       numeric not null,
    fees         numeric not null,
    reason       text    not null,
    anomaly      text    not null,
    requested_at bigint  not null,
    updated_at   bigint  not null,
    updated_pos  bigint  not null,
    state        bytea   not null
) with (fillfactor = 80);
comment on column read.orders.requested_at is 'microseconds since the epoch, by the writer, as updated_at';
comment on column read.orders.state is 'the whole state of the order, as JSON';

create index orders_by_time     on read.orders (requested_at, order_id);
create index orders_by_signal   on read.orders (signal_id);
create index orders_open        on read.orders (requested_at, order_id) where open;

create table read.fills (
    pos           bigint  primary key,
    kind          text    not null check (kind in ('fill', 'correction', 'bust', 'external')),
    order_id      uuid,
    strategy      text    not null,
    account       text    not null,
    broker        text    not null,
    symbol        text    not null,
    side          text    not null,
    quantity      numeric not null,
    price         numeric not null,
    fee           numeric not null,
    fee_currency  text    not null,
    execution     text    not null,
    revision      integer not null,
    time          bigint  not null,
    broker_time   bigint,
    superseded_by bigint
);
comment on table read.fills is 'every execution, correction and bust; those that count are no bust and superseded by none';

create index fills_by_time      on read.fills (time, pos);
create index fills_by_order     on read.fills (order_id) where order_id is not null;
create index fills_by_execution on read.fills (account, execution);

create table read.positions (
    account       text    not null,
    symbol        text    not null,
    quantity      numeric not null,
    average_price numeric,
    cost          numeric not null,
    realized      numeric not null,
    fees          numeric not null,
    multiplier    numeric not null,
    primary key (account, symbol)
) with (fillfactor = 50);
comment on column read.positions.cost is 'FIFO cost of what is open, negative when short; realized is gross and FIFO too';

create table read.cash (
    account        text    not null,
    currency       text    not null,
    cash           numeric not null,
    realized_today numeric not null,
    fees_today     numeric not null,
    moved_today    numeric not null,
    primary key (account, currency)
) with (fillfactor = 50);

create table read.books (
    account text   primary key,
    pos     bigint not null,
    book    bytea  not null
);
comment on table read.books is 'each account book, whole, as it was at a position that may trail the checkpoint';

create table read.standing (
    slot text   primary key,
    pos  bigint not null
);
comment on table read.standing is 'events that a snapshot carries beside open orders: switches, limits, leases, open groups …';

grant usage on schema read to tradewire_reader;
grant select, insert, update, delete on all tables in schema read to tradewire_reader;

-- migrate:down

drop schema read cascade;
