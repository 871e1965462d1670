-- Of a seed set kept as shards the store keeps some of what its steps left out, and counts the rest as it does what
-- sources leave out.

alter table skips add column position integer default 0;
alter table skips add column step varchar default 'source';
