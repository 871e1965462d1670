-- Money is set aside before calls are sent: what a killed build had set aside counts as spent.

-- In blocks of many calls. When a build ends, a negative amount strikes out what was not needed.
create table reservations (
    model         varchar not null,            -- the entry of the catalogue's `models:` that has a budget
    amount        double not null,             -- in the currency of the catalogue's prices
    settled       boolean not null,            -- whether this is the row that closes a build's account
    build_id      varchar not null,
    recorded_at   timestamp not null
);
