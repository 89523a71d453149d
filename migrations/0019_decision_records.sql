-- The record of a decision: what the decider was shown, and that an approval was used, once.

alter table approval_decisions
  add column seen_hash text, -- SHA-256 of `approval_seen.content` (RFC 8785); null: decided under a release that kept none
  add column args_hash_confirmed boolean; -- whether the decider's client said which arguments it had shown

-- Beside the decision, so that it can be erased: the decision keeps the hash.
create table approval_seen (
  project_id text collate "C" not null,
  decision_id uuid not null,
  run_id uuid not null,
  content jsonb not null, -- redacted
  primary key (project_id, decision_id),
  foreign key (project_id, decision_id) references approval_decisions
);
create index approval_seen_of_run on approval_seen (project_id, run_id);

-- Each token once, whatever becomes of the columns of its question.
create table approval_redemptions (
  project_id text collate "C" not null,
  jti uuid not null,
  approval_id uuid not null,
  run_id uuid not null,
  call_id uuid not null,
  args_hash text not null,
  redeemed_at timestamptz not null default clock_timestamp(),
  primary key (project_id, jti),
  unique (project_id, approval_id),
  foreign key (project_id, approval_id) references approvals
);
create index approval_redemptions_of_run on approval_redemptions (project_id, run_id);

create index mcp_calls_of_approval on mcp_calls (project_id, approval_id, created_at) where approval_id is not null;

do $$
declare
  t text;
  mine constant text :=
    'project_id = any ((select string_to_array(nullif(current_setting(''awooop.projects'', true), ''''), '',''))::text[])';
  the_one constant text := 'project_id = (select current_setting(''awooop.projects'', true))';
begin
  foreach t in array array['approval_seen', 'approval_redemptions'] loop
    execute format('alter table %I enable row level security', t);
    execute format('alter table %I force row level security', t);
    execute format('create policy tenant on %I to awooop_app using (%s) with check (%s)', t, mine, mine);
    execute format('create policy platform on %I to awooop_platform using (true) with check (true)', t);
    execute format('create policy retention on %I to awooop_retention using (%s) with check (%s)', t, the_one, the_one);
  end loop;
end
$$;

grant select, insert on approval_seen, approval_redemptions to awooop_app, awooop_platform;
grant select, delete on approval_seen, approval_redemptions to awooop_retention;
