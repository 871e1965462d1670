-- What models that were trained on snapshots score on tasks.

create table evaluations (
    evaluation_id varchar not null,
    model         varchar not null,            -- folder
    weights       varchar not null,            -- hash
    snapshots     struct(name varchar, hash varchar, datasets varchar[])[] not null, -- that it was trained on
    task          varchar not null,
    task_hash     varchar not null,
    kind          varchar not null,
    task_group    varchar not null,
    metric        varchar not null,
    age           varchar not null,            -- all; older, newer than the newest seed; undated
    items         bigint not null,
    runs          bigint not null,
    score         double not null,
    stderr        double not null,
    newest_seed   date,
    recorded_at   timestamp not null
);

create table evaluation_items (
    evaluation_id varchar not null,
    task          varchar not null,
    item          bigint not null,
    run           bigint not null,
    score         double not null,
    prompt        varchar not null,            -- its last 2,000 characters
    expected      varchar not null,
    reply         varchar not null
);
