-- Shards lie in a folder that is this store's alone. Those in the folder that stores of one place shared are left
-- there, and their seed sets are read anew: another store, or somebody's own files, may lie beside them.

delete from files where seed_set in (select seed_set from seed_sets where keep = 'shards');
update seed_sets set members = '' where keep = 'shards';
