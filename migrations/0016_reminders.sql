-- What happens while nobody decides about a question: who is told again, and who may decide as well from then on.
alter table approvals
  add column escalation jsonb not null default '[]', -- [{after_seconds, channels, to_group}]: the contract's, when it was asked
  add column steps_done integer not null default 0 check (steps_done >= 0),
  add column next_step_at timestamptz, -- null: none is left
  -- Groups whose members may decide as well by now.
  add column escalated_groups text[] not null default '{}';
create index approvals_step_due on approvals (next_step_at) where status = 'open' and next_step_at is not null;

-- What nobody can answer any more is found by its tool, or by its contract.
create index approvals_open_of_tool on approvals (project_id, server, tool_name) where status = 'open';
create index approvals_open_of_revision on approvals (project_id, revision_id) where status = 'open';
