create table message (
    id bigint generated always as identity primary key,
    msg_id text not null unique,
    subject text not null,
    body jsonb not null,
    at timestamptz not null default now()
);
