-- migrate:up

-- Each role may do exactly what it needs, and the head of the log goes forward only.

revoke update on ledger.head from tradewire_sequencer;
grant update (epoch, frame, pos, hash, at) on ledger.head to tradewire_sequencer;
revoke select on ledger.events from tradewire_sequencer;

create function ledger.refuse_fall() returns trigger language plpgsql as $$
begin
    if new.epoch < old.epoch or new.frame < old.frame or new.pos < old.pos or new.at < old.at then
        raise exception 'update on ledger.head is refused: the log does not go back, from % to %', old.pos, new.pos
            using errcode = 'restrict_violation';
    end if;
    return new;
end
$$;

create trigger head_never_falls before update on ledger.head
    for each row execute function ledger.refuse_fall();
create trigger head_stays before delete on ledger.head
    for each row execute function ledger.refuse_change();
create trigger head_no_truncate before truncate on ledger.head
    for each statement execute function ledger.refuse_change();
alter table ledger.head enable always trigger head_never_falls;
alter table ledger.head enable always trigger head_stays;
alter table ledger.head enable always trigger head_no_truncate;

-- So that a process can tell whether the schema is its build's.
grant select on public.schema_migrations to tradewire_sequencer, tradewire_reader;

-- migrate:down

revoke select on public.schema_migrations from tradewire_sequencer, tradewire_reader;
drop trigger head_no_truncate on ledger.head;
drop trigger head_stays on ledger.head;
drop trigger head_never_falls on ledger.head;
drop function ledger.refuse_fall();
grant select on ledger.events to tradewire_sequencer;
revoke update (epoch, frame, pos, hash, at) on ledger.head from tradewire_sequencer;
grant update on ledger.head to tradewire_sequencer;
