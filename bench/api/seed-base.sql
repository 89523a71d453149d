-- What the rows are made from: numbers in, the same rows out, every time. A run is number `i` of all, and number `j` of
-- project `k`; all that is in a project follows from `j`, so a project holds the same in a small table and a large one.
-- Time goes round the projects, so that their rows lie mixed as they would on a real server.

create schema bench;

create table bench.size as
select current_setting('bench.projects')::int as projects, current_setting('bench.own')::int as own,
  current_setting('bench.runs')::bigint as runs, current_setting('bench.questions')::int as questions,
  current_setting('bench.long_steps')::int as long_steps, current_setting('bench.asked_only')::boolean as asked_only;

-- A UUIDv7 of a moment, its random part made from a name.
create function bench.id(at timestamptz, name text) returns uuid
language sql immutable
return (lpad(to_hex((extract(epoch from at) * 1000)::bigint), 12, '0')
  || overlay(overlay(substr(md5(name), 1, 20) placing '7' from 1) placing 'a' from 5))::uuid;

create function bench.pick(from_list text[], n bigint) returns text
language sql immutable
return from_list[1 + (n % cardinality(from_list))];

-- Numbers that look drawn by lot, from 0 up.
create function bench.lot(n bigint, seed bigint) returns bigint
language sql immutable
return hashint8extended(n, seed) & 2147483647;

-- Once for all parts; the offsets keep each expression from being computed anew wherever it is used.
create unlogged table bench.run as
with numbered as (
  select i, case when s.asked_only then 0 else i % s.projects end as k,
    case when s.asked_only then i else i / s.projects end as j, s.own, s.long_steps
  from bench.size s, generate_series(0, s.runs - 1) as i offset 0
), timed as (
  select *, 'bench-' || lpad(k::text, 3, '0') as project_id,
    timestamptz '2026-05-01 00:00Z' + j * (interval '120 days' / own) + k * interval '37 ms' as created_at,
    bench.lot(j, 1) as a, bench.lot(j, 2) as b, bench.lot(j, 3) as c,
    -- One run of the project that is asked about is a long one.
    k = 0 and j = own / 2 as is_long
  from numbered offset 0
), named as (
  select *, bench.id(created_at, 'run ' || k || ' ' || j) as run_id,
    bench.id(created_at - interval '40 ms', 'event ' || k || ' ' || j) as event_id,
    bench.id(timestamptz '2026-04-30 00:00Z', 'revision ' || k || ' ' || a % 8) as revision_id,
    'agent-' || a % 8 as agent_id,
    case when is_long then 'completed' when j % 100 = 7 then 'waiting_approval'
      when b % 100 < 78 then 'completed' when b % 100 < 90 then 'failed' when b % 100 < 94 then 'cancelled'
      when b % 100 < 97 then 'timed_out' when b % 100 < 99 then 'running' else 'pending' end as state,
    case when is_long then long_steps else 1 + c % 4 end as steps,
    bench.pick('{checkout,payments,search,catalog,inventory,mailer,gateway,ledger,sessions,reports}', c) as service,
    bench.pick('{alertmanager,alertmanager,alertmanager,grafana,webhook,telegram,api}', b / 100) as trigger_type
  from timed offset 0
)
select *, state in ('completed', 'failed', 'cancelled', 'timed_out') as is_over,
  created_at + case when is_long then interval '1 hour' else interval '2 s' + (c % 300) * interval '1 s' end as ended_at,
  case when state in ('failed', 'timed_out') then bench.pick(array[
    'The tool server closed the connection while the volume of ' || service || ' was being resized',
    'No answer within thirty seconds from ' || service || '-' || a % 40 || '.internal.example',
    'The policy forbids a restart during business hours for ' || service,
    '工具伺服器沒有回應，已停止重試：' || service,
    'The money of this run is used up after ' || c % 90 || ' calls'], b) end as error_detail,
  case when b % 5 = 0
    then bench.pick('{磁碟空間即將用盡,訂單佇列積壓,憑證即將到期,資料庫連線數過高,回應時間變慢}', c) || '：' || service || '-' || a % 40
    else bench.pick('{"Disk almost full","Queue is piling up","Certificate expires soon","Too many connections",
      "Latency above target","Pod restarts in a loop","Replication lag grows","Memory close to its limit"}', c)
      || ' on ' || service || '-' || a % 40 end as title
from named order by i;
analyze bench.run;
