-- Who may decide: the people of a project, the groups they are in, and whom they have lent their right to; and what a
-- contract demands of those who approve. The rules are in src/approvals/approvers.ts; the triggers below hold them once
-- more, so that nothing but their keeping lets an approval count.

create table members (
  project_id text collate "C" not null references projects,
  member_id text collate "C" not null check (length(member_id) between 1 and 200), -- what their keys are named
  display_name text not null check (length(display_name) between 1 and 200),
  role text not null check (role in ('viewer', 'operator', 'admin')), -- the most that they may do here
  groups text[] not null default '{}' check (cardinality(groups) <= 50),
  is_active boolean not null default true,
  created_at timestamptz not null default clock_timestamp(),
  created_by text not null,
  primary key (project_id, member_id)
);
create index members_who_decide on members (project_id) where is_active and role <> 'viewer';

create table delegations (
  project_id text collate "C" not null,
  delegation_id uuid not null,
  delegated_by text collate "C" not null,
  delegated_to text collate "C" not null,
  group_name text check (length(group_name) between 1 and 63), -- null: whatever groups they are in
  created_at timestamptz not null default clock_timestamp(),
  created_by text not null,
  ends_at timestamptz not null,
  revoked_at timestamptz,
  revoked_by text,
  primary key (project_id, delegation_id),
  constraint delegations_whose unique (project_id, delegation_id, delegated_by, delegated_to),
  foreign key (project_id, delegated_by) references members,
  foreign key (project_id, delegated_to) references members,
  constraint delegations_to_another check (delegated_by <> delegated_to),
  constraint delegations_end check (ends_at > created_at and ends_at <= created_at + interval '90 days'),
  check ((revoked_at is null) = (revoked_by is null))
);
create index delegations_newest on delegations (project_id, created_at desc, delegation_id desc);
create index delegations_standing on delegations (project_id, delegated_to, ends_at) where revoked_at is null;

alter table api_keys add column held_by text check (length(held_by) between 1 and 200); -- who works through an agent's key

alter table approvals
  add column approver_group text, -- only its members approve
  add column two_person boolean not null default false, -- at least two, whatever the quorum
  add column editor_counts boolean not null default false, -- whether an edit is its author's yes
  add column requested_by text, -- the person who had the run started
  add column contract_author text, -- of the revision the run is pinned to
  add column edited_by text; -- of the arguments the question is about now, where they are not the asked ones

alter table approval_decisions
  -- Whose yes it is: the person's own, or theirs who lent it; null: it is none that counts.
  add column counts_for text,
  add column delegation_id uuid,
  -- The rule that allowed it, as it was then: role, group, delegated_by, delegation_id, separation.
  add column allowed_by jsonb not null default '{}';

create policy migration on approval_decisions to awooop_owner using (true) with check (true);
update approval_decisions set counts_for = actor_id where decision in ('approve', 'edit');
drop policy migration on approval_decisions;

alter table approval_decisions
  add constraint approval_decisions_yes check (counts_for is null or decision in ('approve', 'edit')),
  add constraint approval_decisions_lent check ((delegation_id is not null) = (counts_for is not null and counts_for <> actor_id)),
  -- Nobody approves on a right that was lent to somebody else, or by somebody else.
  add constraint approval_decisions_delegation foreign key (project_id, delegation_id, counts_for, actor_id)
    references delegations (project_id, delegation_id, delegated_by, delegated_to);
-- One right counts once, whoever makes use of it.
create unique index approval_decisions_one_right on approval_decisions (project_id, approval_id, round, counts_for)
  where counts_for is not null;

-- row-level security --------------------------------------------------------------------------------------------

do $$
declare
  t text;
  mine constant text :=
    'project_id = any ((select string_to_array(nullif(current_setting(''awooop.projects'', true), ''''), '',''))::text[])';
begin
  foreach t in array array['members', 'delegations'] loop
    execute format('alter table %I enable row level security', t);
    execute format('alter table %I force row level security', t);
    execute format('create policy tenant on %I to awooop_app using (%s) with check (%s)', t, mine, mine);
    execute format('create policy platform on %I to awooop_platform using (true) with check (true)', t);
  end loop;
end
$$;
grant select, insert, update (display_name, role, groups, is_active) on members to awooop_app, awooop_platform;
grant select, insert, update (revoked_at, revoked_by) on delegations to awooop_app, awooop_platform;

-- Everybody who holds a key for named projects is a member of them.
create policy migration on api_keys for select to awooop_owner using (true);
create policy migration on projects for select to awooop_owner using (true);
create policy migration on members for insert to awooop_owner with check (true);
insert into members (project_id, member_id, display_name, role, created_by)
  select distinct on (p.project_id, k.name) p.project_id, k.name, k.name, k.role, k.created_by
  from api_keys k cross join lateral unnest(k.projects) as named (project_id) join projects p using (project_id)
  where k.role <> 'agent' and k.revoked_at is null
  order by p.project_id, k.name, array_position(array['admin', 'operator', 'viewer'], k.role), k.created_at;
drop policy migration on api_keys;
drop policy migration on projects;
drop policy migration on members;

-- one order of decisions and of changes to who may decide ---------------------------------------------------------

-- Holds who may decide in a project as it is, until the transaction ends.
create function awooop_hold_people(of_project text) returns void
language sql volatile set search_path = awooop, pg_temp
as $$
  select pg_advisory_xact_lock_shared(hashtextextended('awooop/people/' || of_project, 0))
$$;

create function awooop_change_people() returns trigger
language plpgsql set search_path = awooop, pg_temp
as $$
begin
  perform pg_advisory_xact_lock(hashtextextended('awooop/people/' || new.project_id, 0));
  return new;
end
$$;
create trigger members_in_turn before insert or update on members for each row execute function awooop_change_people();
create trigger delegations_in_turn before insert or update on delegations for each row execute function awooop_change_people();

-- the rules, held by the database -----------------------------------------------------------------------------------

-- Whether the rules that need a second person are on: there is one.
create function awooop_is_separated(of_project text) returns boolean
language sql stable set search_path = awooop, pg_temp
as $$
  select count(*) = 2 from (
    select from members where project_id = of_project and is_active and role <> 'viewer' limit 2
  ) deciders
$$;

create function awooop_decision_counts() returns trigger
language plpgsql set search_path = awooop, pg_temp
as $$
declare
  question approvals;
  refused text;
  is_separated boolean;
  allowed_groups text[];
begin
  select * into question from approvals
    where project_id = new.project_id and approval_id = new.approval_id for update;
  if not found then return new; end if; -- the foreign key says so
  perform awooop_hold_people(new.project_id);
  is_separated := awooop_is_separated(new.project_id);
  allowed_groups := question.approver_group || question.escalated_groups; -- a column of the next migration
  -- What the release before this one writes: a yes is the person's own.
  if new.decision = 'approve' or (new.decision = 'edit' and new.actor_id is distinct from question.edited_by) then
    new.counts_for := coalesce(new.counts_for, new.actor_id);
  end if;
  refused := case
    when question.status <> 'open' or question.expires_at <= clock_timestamp() then 'approval_decisions_open'
    when question.round <> new.round then 'approval_decisions_round'
    when exists (
      select from members where project_id = new.project_id and member_id = new.actor_id
        and not (is_active and role <> 'viewer')
    ) then 'approval_decisions_member'
    when new.counts_for is null then null
    when is_separated and (
      new.actor_id in (question.requested_by, question.contract_author)
      or new.counts_for in (question.requested_by, question.contract_author)
      or (not question.editor_counts and question.edited_by in (new.actor_id, new.counts_for))
    ) then 'approval_decisions_separation'
    when question.approver_group is not null and not exists (
      select from members where project_id = new.project_id and member_id = new.counts_for
        and is_active and role <> 'viewer' and groups && allowed_groups
    ) then 'approval_decisions_group'
    when new.delegation_id is not null and (question.approver_group is null or not exists (
      select from delegations d join members m on m.project_id = d.project_id and m.member_id = d.delegated_by
      where d.project_id = new.project_id and d.delegation_id = new.delegation_id
        and d.revoked_at is null and d.ends_at > clock_timestamp()
        and (d.group_name is null or (d.group_name = any (allowed_groups) and d.group_name = any (m.groups)))
    )) then 'approval_decisions_delegation'
    when exists (
      select from approval_decisions where project_id = new.project_id and approval_id = new.approval_id
        and decision_id <> new.decision_id and round = new.round and counts_for is not null
        and (actor_id in (new.actor_id, new.counts_for) or counts_for in (new.actor_id, new.counts_for))
    ) then 'approval_decisions_one_right'
  end;
  if refused is not null then
    raise exception 'this decision does not count: %', refused
      using errcode = 'check_violation', constraint = refused, table = 'approval_decisions', schema = 'awooop';
  end if;
  return new;
end
$$;
create trigger approval_decisions_count before insert on approval_decisions
  for each row execute function awooop_decision_counts();

create function awooop_approval_complete() returns trigger
language plpgsql set search_path = awooop, pg_temp
as $$
declare
  needed integer;
begin
  perform awooop_hold_people(new.project_id);
  needed := greatest(new.quorum, case when new.two_person and awooop_is_separated(new.project_id) then 2 else 1 end);
  if needed > (
    select count(*) from approval_decisions where project_id = new.project_id and approval_id = new.approval_id
      and round = new.round and counts_for is not null
  ) then
    raise exception 'the question is not approved: % have to agree', needed
      using errcode = 'check_violation', constraint = 'approvals_enough', table = 'approvals', schema = 'awooop';
  end if;
  return new;
end
$$;
create trigger approvals_enough before update on approvals
  for each row when (new.status = 'approved' and old.status <> 'approved') execute function awooop_approval_complete();
