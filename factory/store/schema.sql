-- Version 1 of the store. Later versions are migrations beside this file; an old file is never thrown away.
-- Timestamps are UTC without zone. Rows are only ever added (but for `datasets`, `seed_sets`, `files` and
-- `origins.withdrawn`, which say what is current), so history stays and one transaction supersedes.

create table meta (version integer not null);
insert into meta values (1);

-- One run of `factory build`.
create table builds (
    build_id      varchar primary key,
    started_at    timestamp not null,
    ended_at      timestamp,
    status        varchar not null,            -- running, done, interrupted, capped, stopped, failed
    catalog       varchar not null,            -- path of the catalogue
    selection     varchar not null,
    version       varchar not null             -- of seedfactory
);

-- Each content once, with a dense number, so that a chunk of seeds is a range. Left to itself DuckDB compresses long
-- texts in a way that costs five times as much to write and takes half as much room again.
create table seeds (
    seed_number   bigint primary key,
    seed_id       varchar not null,
    kind          varchar not null,
    content       json not null using compression zstd,
    characters    bigint not null,
    build_id      varchar not null
);

-- Where a seed was found, and by which seed set. A seed may have many.
create table origins (
    seed_number   bigint not null,
    seed_set      varchar not null,
    source        varchar not null,
    address       varchar not null,
    place         varchar not null,
    parent        varchar,
    licence       varchar,
    title         varchar,
    author        varchar,
    date          varchar,
    build_id      varchar not null,
    withdrawn     boolean not null default false
);

-- What a seed set was last read from; unchanged files are not read again.
create table files (
    seed_set      varchar not null,
    fingerprint   varchar not null,            -- of source and settings
    address       varchar not null,
    signature     varchar not null,            -- of the file's content
    seeds         bigint not null,
    build_id      varchar not null
);

-- The datasets as the catalogue last described them.
create table datasets (
    dataset       varchar primary key,
    generator     varchar not null,
    seed_set      varchar not null,
    seed_limit    bigint,                      -- at most so many seeds, those of the lowest numbers
    fingerprint   varchar not null,            -- what a current run has
    settings      json not null,
    models        json not null,               -- role -> model and sampling settings
    validators    struct(name varchar, fingerprint varchar)[] not null,
    tags          varchar[] not null,
    max_failed    bigint not null,
    build_id      varchar not null
);

-- One end of one seed in one dataset: the done mark (or the failure) of a fingerprint.
create table runs (
    run_id        varchar primary key,
    dataset       varchar not null,
    seed_number   bigint not null,
    seed_id       varchar not null,
    fingerprint   varchar not null,
    status        varchar not null,            -- done, failed
    attempt       integer not null,
    samples       integer not null,
    duplicates    integer not null,            -- repeats dropped
    calls         varchar[] not null,          -- keys of the replies used, in order
    executions    varchar[] not null,          -- keys of the program runs used, in order
    build_id      varchar not null,
    recorded_at   timestamp not null
);

create table samples (
    run_id        varchar not null,
    sample_id     varchar not null,
    dataset       varchar not null,
    seed_number   bigint not null,
    seed_id       varchar not null,
    fingerprint   varchar not null,
    position      integer not null,            -- the order in which the run gave them
    kind          varchar not null,
    text          varchar,
    messages      struct(role varchar, content varchar)[],
    prompt        struct(role varchar, content varchar)[],
    chosen        varchar,
    rejected      varchar,
    loss_tokens   integer,
    extra         json,                        -- fields of other kinds of sample
    evidence      json not null,
    draws         json not null,
    model         varchar not null,            -- the models that answered for it, joined by '+'
    characters    bigint not null,
    build_id      varchar not null,
    recorded_at   timestamp not null
);

create table verdicts (
    sample_id     varchar not null,
    dataset       varchar not null,
    validator     varchar not null,
    fingerprint   varchar not null,            -- of the validator
    passed        boolean not null,
    reason        varchar not null,
    score         double,
    details       json not null,
    build_id      varchar not null,
    recorded_at   timestamp not null
);

-- One reply of a model. The key is a hash of seed, stream, request and draw.
create table calls (
    key           varchar not null,
    seed_number   bigint not null,
    stream        varchar not null,
    ordinal       integer not null,            -- the place of the ask in its stream
    draw          integer not null,
    attempt       integer not null,
    dataset       varchar not null,            -- the first that asked
    plugin        varchar not null,
    section       varchar not null,
    role          varchar not null,
    model         varchar not null,
    request       json not null,
    reply         varchar not null,
    finish_reason varchar not null,
    prompt_tokens bigint not null,
    completion_tokens bigint not null,
    cost          double not null,             -- in the currency of the catalogue's prices
    seconds       double not null,
    build_id      varchar not null,
    recorded_at   timestamp not null
);

-- One run of a program in the sandbox, recorded as replies are.
create table executions (
    key           varchar not null,
    seed_number   bigint not null,
    stream        varchar not null,
    ordinal       integer not null,
    draw          integer not null,
    attempt       integer not null,
    dataset       varchar not null,
    plugin        varchar not null,
    language      varchar not null,
    program       json not null,
    status        varchar not null,
    outcome       json not null,
    seconds       double not null,
    build_id      varchar not null,
    recorded_at   timestamp not null
);

-- What went wrong, with all that is needed to see why. `seed_number` is null where a source could not
-- read a record, and `dataset` is then the name of the seed set.
create table failures (
    dataset       varchar not null,
    seed_number   bigint,
    fingerprint   varchar not null,
    attempt       integer not null,
    stage         varchar not null,            -- source, generator, validator:<name>
    stream        varchar not null,            -- the failing ask: a retry asks anew from here
    ordinal       integer not null,            -- -1: nothing recorded is at fault, a retry reuses it all
    draw          integer not null,            -- -1: all draws of that ask
    error         varchar not null,
    traceback     varchar not null,
    address       varchar not null,
    cost          double not null,
    build_id      varchar not null,
    recorded_at   timestamp not null
);
