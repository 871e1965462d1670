-- What the rules of sources leave out of files, such as pages below `min_words`: counted, and not kept one by one.

create table skips (
    seed_set      varchar not null,
    address       varchar not null,
    reason        varchar not null,
    records       bigint not null,
    place         varchar not null,            -- of the first of them
    excerpt       varchar not null,            -- its first 200 characters, or its address
    build_id      varchar not null
);
