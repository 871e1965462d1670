-- Views for people. They are made anew at every opening by a writer, so they need no migration.

-- Where the seeds that count were found: not withdrawn, and left out by no step over the whole set.
create or replace view live_origins as
select * from origins where not withdrawn and dropped is null;

-- The run that counts for a seed of a dataset: its newest success, but one of the dataset's own fingerprint
-- comes first, so that going back to earlier settings brings their samples back.
create or replace view current_runs as
select r.*
from runs r
left join datasets d on d.dataset = r.dataset
where r.status = 'done'
qualify row_number() over (
    partition by r.dataset, r.seed_number
    order by (r.fingerprint is not distinct from d.fingerprint) desc, r.recorded_at desc, r.rowid desc
) = 1;

-- The seeds that each dataset stands on now.
create or replace view dataset_seeds as
select dataset, seed_number, seed_id
from (
    select d.dataset, s.seed_number, s.seed_id, d.seed_limit,
           row_number() over (partition by d.dataset order by s.seed_number) as place
    from datasets d
    join (select distinct seed_set, seed_number from live_origins) o using (seed_set)
    join seeds s using (seed_number)
)
where seed_limit is null or place <= seed_limit;

-- What the validators that a dataset names today say of its samples, and the checks of the whole dataset
-- after them: the newest verdict of each.
create or replace view current_verdicts as
with named as (
    select dataset, list_concat(validators, checks) as judges from datasets
),
required as (
    select dataset, unnest(judges).name as validator, unnest(judges).fingerprint as fingerprint,
           unnest(range(len(judges))) as place
    from named
)
select v.*, r.place
from verdicts v
join required r using (dataset, validator, fingerprint)
qualify row_number() over (
    partition by v.dataset, v.sample_id, v.validator order by v.recorded_at desc, v.rowid desc
) = 1;

-- Every current sample with what is said of it: rejected by a validator (the first in the catalogue's order is
-- named); waiting for one; held, when all of them passed it and a check of the whole dataset has yet to look at
-- it; rejected by such a check; or accepted by all.
create or replace view judged as
with opinions as (
    select dataset, sample_id, count(*) filter (passed) as passed,
           count(*) filter (passed and place < len(d.validators)) as passed_alone,
           arg_min({validator: validator, reason: reason, place: place}, place) filter (not passed) as against
    from current_verdicts join datasets d using (dataset)
    group by all
),
live as (
    select r.run_id, len(d.validators) as validators, coalesce(len(d.checks), 0) as checks
    from current_runs r
    join datasets d using (dataset)
    join dataset_seeds using (dataset, seed_number)
)
select s.*, o.against.validator as rejected_by, o.against.reason as reason,
       case when o.against.place < live.validators then 'rejected'
            when coalesce(o.passed_alone, 0) < live.validators then 'waiting'
            when o.against is not null then 'rejected'
            when coalesce(o.passed, 0) = live.validators + live.checks then 'accepted'
            else 'held' end as state
from samples s
join live using (run_id)
left join opinions o on o.dataset = s.dataset and o.sample_id = s.sample_id;

create or replace view accepted as
select * exclude (state, rejected_by, reason) from judged where state = 'accepted';

create or replace view rejected as
select * exclude (state) from judged where state = 'rejected';

-- Why samples were rejected, and how often, with one of them.
create or replace view rejections as
select dataset, rejected_by as validator, reason, count(*) as samples, min(sample_id) as example
from rejected group by all order by samples desc, dataset, validator, reason;

-- Where every seed of every dataset stands: done and judged; done and waiting for a verdict; failed; stale
-- (done, but with another fingerprint than the catalogue's); waiting.
create or replace view progress as
with latest as (
    select r.dataset, r.seed_number, r.status
    from runs r
    join datasets d on d.dataset = r.dataset and d.fingerprint = r.fingerprint
    qualify row_number() over (
        partition by r.dataset, r.seed_number order by r.recorded_at desc, r.rowid desc
    ) = 1
),
unjudged as (
    select distinct dataset, seed_number from judged where state in ('waiting', 'held')
)
select d.dataset, count(live.seed_number) as seeds,
       count(*) filter (r.status = 'done' and u.dataset is null) as done,
       count(*) filter (r.status = 'done' and u.dataset is not null) as unjudged,
       count(*) filter (r.status = 'failed') as failed,
       count(*) filter (r.status is null and c.run_id is not null) as stale,
       count(live.seed_number) filter (r.status is null and c.run_id is null) as waiting
from datasets d
left join dataset_seeds live on live.dataset = d.dataset
left join latest r on r.dataset = d.dataset and r.seed_number = live.seed_number
left join current_runs c on c.dataset = d.dataset and c.seed_number = live.seed_number
left join unjudged u on u.dataset = d.dataset and u.seed_number = live.seed_number
group by all order by d.dataset;

-- Seeds whose generator ended without a fault and gave no sample, and where each came from.
create or replace view empty_seeds as
with barren as (
    select d.dataset, d.seed_number, d.seed_id, len(r.calls) as calls
    from dataset_seeds d join current_runs r on r.dataset = d.dataset and r.seed_number = d.seed_number
    where r.samples = 0
)
select b.dataset, min(o.address) as address, min_by(o.place, o.address) as place, seed_number, b.seed_id, b.calls
from barren b left join live_origins o using (seed_number)
group by all order by b.dataset, address, place;

-- What was asked, and what it cost. (Sums are cast back: a HUGEINT is a decimal to whoever reads it.)
create or replace view spend as
select dataset, plugin, section, role, model, count(*) as calls,
       sum(prompt_tokens)::bigint as prompt_tokens, sum(completion_tokens)::bigint as completion_tokens,
       round(sum(cost), 6) as cost, round(avg(seconds), 3) as mean_seconds
from calls group by all order by cost desc, calls desc, dataset, section;

-- What each build set aside for models with a budget, and did not strike out: what counts as spent on them, be it
-- that more is found in `calls`. Where it is not settled and the build is over, the build was cut off; the next build
-- with enough replies on record settles it.
create or replace view set_aside as
select build_id, model, sum(amount) as amount, count(*) filter (not r.settled) as blocks,
       bool_or(r.settled) as settled, b.status, b.started_at
from reservations r left join builds b using (build_id)
group by all order by b.started_at, model;

-- What each generator gives for what it takes, the calls of validators that judge it counted in. A reply that two
-- datasets share counts for both.
create or replace view yield_by_generator as
with counted as (
    select dataset, count(*) as samples,
           count(*) filter (state = 'accepted') as accepted,
           count(*) filter (state = 'rejected') as rejected
    from judged group by all
),
paid as (
    select dataset, count(*) as calls,
           sum(prompt_tokens + completion_tokens)::bigint as tokens, sum(cost) as cost
    from (
        select r.dataset, c.prompt_tokens, c.completion_tokens, c.cost
        from (select distinct dataset, unnest(calls) as key from current_runs) r
        join calls c using (key)
        union all
        -- A validator's stream names the sample that it judges.
        select s.dataset, c.prompt_tokens, c.completion_tokens, c.cost
        from judged s
        join calls c on c.dataset = s.dataset and regexp_extract(c.stream, ':([0-9a-f]+)', 1) = s.sample_id
    )
    group by all
)
select d.generator, d.dataset, p.seeds, p.done, p.failed,
       coalesce(k.samples, 0) as samples, coalesce(k.accepted, 0) as accepted,
       coalesce(k.rejected, 0) as rejected, coalesce(a.calls, 0) as calls,
       coalesce(a.tokens, 0) as tokens, coalesce(a.cost, 0) as cost,
       coalesce(a.calls, 0) / nullif(k.accepted, 0) as calls_per_accepted,
       coalesce(a.cost, 0) / nullif(k.accepted, 0) as cost_per_accepted
from datasets d
join progress p using (dataset)
left join counted k using (dataset)
left join paid a using (dataset)
order by d.generator, d.dataset;

-- Each current sample beside every reply, program run and verdict that made it what it is, step by step,
-- and where its seed came from.
create or replace view lineage as
with steps as (
    select r.run_id, null as sample_id, 'call' as what, unnest(range(len(r.calls))) as step,
           unnest(r.calls) as key
    from current_runs r
    union all
    select r.run_id, null, 'execution', unnest(range(len(r.executions))), unnest(r.executions)
    from current_runs r
),
told as (
    select s.dataset, s.sample_id, s.seed_number, s.seed_id, t.what, t.step,
           c.plugin, c.section, c.role, c.model, c.draw, c.attempt, c.request, c.reply,
           e.program, e.status, e.outcome, null as passed, null as reason, null as details
    from samples s
    join steps t on t.run_id = s.run_id
    left join calls c on t.what = 'call' and c.key = t.key
    left join executions e on t.what = 'execution' and e.key = t.key
    union all
    select s.dataset, s.sample_id, s.seed_number, s.seed_id, 'verdict', v.place,
           v.validator, null, null, null, null, null, null, null,
           null, null, null, v.passed, v.reason, v.details
    from samples s
    join current_runs r using (run_id)
    join current_verdicts v on v.dataset = s.dataset and v.sample_id = s.sample_id
),
places as (
    select seed_number,
           list(distinct {source: source, address: address, place: place, url: url, licence: licence}) as origins
    from origins where not withdrawn group by all
)
select t.*, p.origins from told t left join places p using (seed_number);

-- Where seeds went: each step of each seed set in order, with the seeds that it saw, kept, changed and left out.
create or replace view seed_funnel as
select seed_set, position, step, sum(seen)::bigint as seen, sum(kept)::bigint as kept,
       sum(seen - kept - broken)::bigint as dropped, sum(changed)::bigint as changed,
       sum(broken)::bigint as broken
from cleaning group by all order by seed_set, position;

-- Why seeds, and records that sources made none of, were left out, and how often, with an example of each.
create or replace view drop_reasons as
with told as (
    select seed_set, position, step, reason, 1 as records, seed_id as key, address, place, excerpt from drops
    union all
    select seed_set, position, step, reason, records, address || place, address, place, excerpt from skips
)
select seed_set, position, step, reason, sum(records)::bigint as seeds,
       arg_min({address: address, place: place, excerpt: excerpt}, key) as example
from told group by all order by seed_set, position, seeds desc, reason;

-- What cleaners measured of each seed that is left; those of seed sets kept as shards are added when it is opened.
create or replace view scored_seeds as
select seed_set, min(scores) as scores from live_origins where scores is not null group by seed_set, seed_number;

-- The same in all: a row for each figure, with its mean and range.
create or replace view seed_scores as
with told as (
    select seed_set, unnest(json_keys(scores)) as score, scores from scored_seeds
)
select seed_set, score, count(*) as seeds,
       avg(try_cast(scores ->> score as double)) as mean,
       min(try_cast(scores ->> score as double)) as least,
       max(try_cast(scores ->> score as double)) as most,
       count(distinct scores ->> score) as "values"
from told group by all order by seed_set, score;

-- The mix of a seed set: its seeds by topic and language, where cleaners have told them; how many of them the step
-- 'balance' left out, and what their share was before.
create or replace view topic_mix as
with told as (
    select seed_set, scores ->> 'topic' as topic, scores ->> 'language' as language, 1 as seeds, 0 as left_out
    from scored_seeds
    union all
    select seed_set, scores ->> 'topic', scores ->> 'language', 0, 1 from drops where step = 'balance'
),
counted as (
    select seed_set, topic, language, sum(seeds)::bigint as seeds, sum(left_out)::bigint as left_out
    from told where topic is not null or language is not null group by all
)
select seed_set, topic, language, seeds, seeds / sum(seeds) over (partition by seed_set) as share, left_out,
       (seeds + left_out) / sum(seeds + left_out) over (partition by seed_set) as share_before
from counted order by seed_set, seeds desc, topic, language;

-- What the checks of whole datasets last measured.
create or replace view dataset_figures as
select k.dataset, k.validator, k.samples, k.rejected, k.figures, k.recorded_at
from dataset_checks k
join (select dataset, unnest(checks).name as validator, unnest(checks).fingerprint as fingerprint from datasets)
    using (dataset, validator, fingerprint)
qualify row_number() over (partition by k.dataset, k.validator order by k.recorded_at desc, k.rowid desc) = 1
order by k.dataset, k.validator;

-- The newest score of each model (by its weights) on each task.
create or replace view scores as
select * from evaluations
qualify row_number() over (
    partition by weights, task, task_hash, metric, age order by recorded_at desc, rowid desc
) = 1
order by task, metric, age, model;

-- Which dataset a model was trained on, beside its scores: what a dataset is worth.
create or replace view scores_by_dataset as
select distinct unnest(snapshot.datasets) as dataset, snapshot.name as snapshot, model, weights, task, metric, age,
       items, score, stderr, recorded_at
from (select *, unnest(snapshots) as snapshot from scores)
order by dataset, task, metric, age, model;
