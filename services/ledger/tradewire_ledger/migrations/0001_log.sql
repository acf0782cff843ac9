-- migrate:up

-- The log: append-only by grants, by triggers that fire always, and by the hash chain.

create schema ledger;

create table ledger.event (
    pos            bigint   primary key check (pos > 0),
    stream         text     not null,
    version        bigint   not null check (version > 0),
    event_id       uuid     not null unique,
    type           text     not null,
    schema         bigint   not null,
    at             bigint   not null,
    time           bigint   not null,
    writer         text     not null,
    correlation_id uuid,
    causation_id   uuid,
    data           bytea    not null,
    hash           bytea    not null check (octet_length(hash) = 32),
    unique (stream, version)
);
comment on column ledger.event.at is 'microseconds since the epoch, by the ledger, never falling';
comment on column ledger.event.time is 'microseconds since the epoch, by the writer';
comment on column ledger.event.data is 'the exact JSON bytes that the writer chose';
comment on column ledger.event.hash is 'the chain after this event';

create table ledger.frame (
    frame     bigint primary key check (frame > 0),
    first_pos bigint not null,
    last_pos  bigint not null check (last_pos >= first_pos),
    hash      bytea  not null check (octet_length(hash) = 32)
);

create table ledger.head (
    single boolean primary key default true check (single),
    log_id uuid   not null,
    epoch  bigint not null,
    frame  bigint not null,
    pos    bigint not null,
    hash   bytea  not null,
    at     bigint not null
);

create view ledger.events as
select pos, stream, version, event_id, type, schema,
       to_timestamp(at / 1000000.0) as at, to_timestamp(time / 1000000.0) as time,
       writer, correlation_id, causation_id, convert_from(data, 'UTF8')::jsonb as data
from ledger.event;

create function ledger.refuse_change() returns trigger language plpgsql as $$
begin
    raise exception '% on %.% is refused: the log is append-only', tg_op, tg_table_schema, tg_table_name
        using errcode = 'restrict_violation';
end
$$;

create trigger event_append_only before update or delete on ledger.event
    for each row execute function ledger.refuse_change();
create trigger event_no_truncate before truncate on ledger.event
    for each statement execute function ledger.refuse_change();
create trigger frame_append_only before update or delete on ledger.frame
    for each row execute function ledger.refuse_change();
create trigger frame_no_truncate before truncate on ledger.frame
    for each statement execute function ledger.refuse_change();
alter table ledger.event enable always trigger event_append_only;
alter table ledger.event enable always trigger event_no_truncate;
alter table ledger.frame enable always trigger frame_append_only;
alter table ledger.frame enable always trigger frame_no_truncate;

grant usage on schema ledger to tradewire_sequencer, tradewire_reader;
grant select, insert on ledger.event, ledger.frame to tradewire_sequencer;
grant select, insert, update on ledger.head to tradewire_sequencer;
grant select on ledger.event, ledger.frame, ledger.head, ledger.events to tradewire_reader;
grant select on ledger.events to tradewire_sequencer;

-- migrate:down

drop schema ledger cascade;
