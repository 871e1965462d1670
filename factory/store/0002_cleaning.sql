-- Seed sets are cleaned: what each step left out and why, what it measured, and seed sets kept as shards.

create schema sets; -- a view for each seed set

alter table origins add column url varchar;            -- the page's own address, where a file holds many
alter table origins add column scores json;            -- what cleaners measured
alter table origins add column step varchar;           -- the step that made this seed by changing another's text
alter table origins add column dropped varchar;        -- the step over the whole set that left it out
alter table files add column span varchar default '';  -- the part of a large file
alter table files add column shard varchar default ''; -- the Parquet file of a seed set kept as shards

-- The seed sets as the catalogue last described them.
create table seed_sets (
    seed_set      varchar primary key,
    kind          varchar not null,
    keep          varchar not null,            -- store, shards
    steps         varchar[] not null,          -- of `clean:`, in order
    members       varchar not null,            -- hash of what the steps over the whole set last saw, and of these steps
    build_id      varchar not null
);

-- What a step left out. `whole`: a step that looks at the whole set; the seed itself is then still in the store.
create table drops (
    seed_set      varchar not null,
    position      integer not null,            -- of the step
    step          varchar not null,
    whole         boolean not null,
    reason        varchar not null,
    scores        json not null,
    seed_id       varchar not null,
    kind          varchar not null,
    address       varchar not null,
    place         varchar not null,
    url           varchar,
    title         varchar,
    characters    bigint not null,
    excerpt       varchar not null,            -- its first 200 characters
    build_id      varchar not null
);

-- How many seeds of a file went into a step, came out, and were changed by it. Steps over the whole set have
-- no address. Position 0 is the source: what it found, and what of that was broken.
create table cleaning (
    seed_set      varchar not null,
    position      integer not null,
    step          varchar not null,
    address       varchar not null,
    seen          bigint not null,
    kept          bigint not null,
    changed       bigint not null,
    broken        bigint not null,
    build_id      varchar not null
);
