-- Dataset checks: validators that look at a finished dataset as a whole.

alter table datasets add column checks struct(name varchar, fingerprint varchar)[] default [];

-- What a dataset check last looked at, and what it measured. Its verdicts stand with all others.
create table dataset_checks (
    dataset       varchar not null,
    validator     varchar not null,
    fingerprint   varchar not null,
    members       varchar not null,            -- hash of the samples that it looked at
    samples       bigint not null,
    rejected      bigint not null,
    figures       json not null,
    build_id      varchar not null,
    recorded_at   timestamp not null
);
