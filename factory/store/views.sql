-- Views for people. They are made anew at every opening by a writer, so they need no migration.

-- The run that counts for a seed of a dataset: its newest success.
create or replace view current_runs as
select * from runs where status = 'done'
qualify row_number() over (partition by dataset, seed_number order by recorded_at desc, rowid desc) = 1;

-- The seeds that each dataset stands on now.
create or replace view dataset_seeds as
select dataset, seed_number, seed_id
from (
    select d.dataset, s.seed_number, s.seed_id, d.seed_limit,
           row_number() over (partition by d.dataset order by s.seed_number) as place
    from datasets d
    join (select distinct seed_set, seed_number from origins where not withdrawn) o using (seed_set)
    join seeds s using (seed_number)
)
where seed_limit is null or place <= seed_limit;

-- Every current sample with what its dataset's validators say of it.
create or replace view judged as
with required as (
    select dataset, unnest(validators).name as validator, unnest(validators).fingerprint as fingerprint
    from datasets
),
latest as (
    select * from verdicts
    qualify row_number() over (partition by dataset, sample_id, validator, fingerprint order by recorded_at desc) = 1
),
opinions as (
    select r.dataset, v.sample_id,
           count(*) filter (v.passed) as passed,
           arg_min(v.validator, v.recorded_at) filter (not v.passed) as rejected_by,
           arg_min(v.reason, v.recorded_at) filter (not v.passed) as reason
    from required r join latest v using (dataset, validator, fingerprint)
    group by all
)
select s.*, o.rejected_by, o.reason,
       case when o.rejected_by is not null then 'rejected'
            when coalesce(o.passed, 0) = len(d.validators) then 'accepted'
            else 'waiting' end as state
from samples s
join current_runs r using (run_id)
join datasets d on d.dataset = s.dataset
join dataset_seeds live on live.dataset = s.dataset and live.seed_number = s.seed_number
left join opinions o on o.dataset = s.dataset and o.sample_id = s.sample_id;

create or replace view accepted as
select * exclude (state, rejected_by, reason) from judged where state = 'accepted';

create or replace view rejected as
select * exclude (state) from judged where state = 'rejected';

-- Why samples were rejected, and how often.
create or replace view rejections as
select dataset, rejected_by as validator, reason, count(*) as samples, min(sample_id) as example
from rejected group by all order by samples desc;

-- Where every seed of every dataset stands.
create or replace view progress as
with latest as (
    select * from runs
    qualify row_number() over (partition by dataset, seed_number, fingerprint order by recorded_at desc, rowid desc) = 1
),
unjudged as (
    select dataset, seed_number, count(*) as samples from judged where state = 'waiting' group by all
)
select d.dataset, count(*) as seeds,
       count(*) filter (r.status = 'done' and u.samples is null) as done,
       count(*) filter (r.status = 'failed') as failed,
       count(*) filter (r.status is null and c.run_id is not null) as stale,
       count(*) filter (r.status is null and c.run_id is null) as waiting,
       count(*) filter (r.status = 'done' and u.samples is not null) as unjudged
from datasets d
join dataset_seeds live using (dataset)
left join latest r on r.dataset = d.dataset and r.seed_number = live.seed_number
                  and r.fingerprint = d.fingerprint
left join current_runs c on c.dataset = d.dataset and c.seed_number = live.seed_number
left join unjudged u on u.dataset = d.dataset and u.seed_number = live.seed_number
group by all;

-- What was asked, and what it cost.
create or replace view spend as
select dataset, plugin, section, role, model, count(*) as calls,
       sum(prompt_tokens) as prompt_tokens, sum(completion_tokens) as completion_tokens,
       sum(cost) as cost, avg(seconds) as mean_seconds
from calls group by all order by cost desc, calls desc;

-- What each generator gives for what it takes.
create or replace view yield_by_generator as
with counted as (
    select dataset, count(*) as samples,
           count(*) filter (state = 'accepted') as accepted,
           count(*) filter (state = 'rejected') as rejected
    from judged group by all
),
paid as (
    select r.dataset, count(distinct c.key) as calls,
           sum(c.prompt_tokens + c.completion_tokens) as tokens, sum(c.cost) as cost
    from (select distinct dataset, unnest(calls) as key from current_runs) r
    join calls c using (key)
    group by all
)
select d.generator, d.dataset, p.seeds, p.done, p.failed,
       coalesce(k.samples, 0) as samples, coalesce(k.accepted, 0) as accepted,
       coalesce(k.rejected, 0) as rejected, coalesce(a.calls, 0) as calls,
       coalesce(a.tokens, 0) as tokens, coalesce(a.cost, 0) as cost,
       a.calls / nullif(k.accepted, 0) as calls_per_accepted
from datasets d
join progress p using (dataset)
left join counted k using (dataset)
left join paid a using (dataset);

-- Each sample beside every reply and program run that made it, and where its seed came from.
create or replace view lineage as
with steps as (
    select run_id, unnest(calls) as key, unnest(range(len(calls))) as step, 'call' as what from runs
    union all
    select run_id, unnest(executions), unnest(range(len(executions))), 'execution' from runs
),
places as (
    select seed_number, list(distinct {source: source, address: address, place: place, licence: licence}) as origins
    from origins where not withdrawn group by all
)
select s.dataset, s.sample_id, s.seed_number, s.seed_id, p.origins, t.what, t.step,
       c.plugin, c.section, c.role, c.model, c.draw, c.attempt, c.request, c.reply,
       e.program, e.status, e.outcome
from samples s
join current_runs r using (run_id)
join steps t on t.run_id = s.run_id
left join places p on p.seed_number = s.seed_number
left join calls c on t.what = 'call' and c.key = t.key
left join executions e on t.what = 'execution' and e.key = t.key;
