-- migrate:up

-- What became of each backup: no part of the log, and not in backups themselves.

create table ledger.backup (
    id       bigint  generated always as identity primary key,
    began_at bigint  not null,
    ended_at bigint  not null,
    done     boolean not null,
    place    text    not null,
    name     text    not null,
    bytes    bigint  not null,
    pos      bigint  not null,
    log_id   uuid,
    error    text    not null
);
comment on column ledger.backup.began_at is 'microseconds since the epoch, as ended_at';
comment on column ledger.backup.error is 'why it failed; empty when it was written and verified';

grant select, insert on ledger.backup to tradewire_reader;

-- migrate:down

drop table ledger.backup;
