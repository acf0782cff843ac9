create table event (
    pos bigint primary key,
    stream text not null,
    version bigint not null,
    event_id uuid not null unique,
    type text not null,
    schema smallint not null,
    at bigint not null,
    time bigint not null,
    writer text not null,
    correlation_id uuid,
    causation_id uuid,
    data bytea not null,
    hash bytea not null,
    unique (stream, version)
);

create table frame (
    frame bigint primary key,
    first_pos bigint not null,
    last_pos bigint not null,
    hash bytea not null
);

create table head (
    epoch bigint not null,
    frame bigint not null,
    pos bigint not null,
    hash bytea not null
);
