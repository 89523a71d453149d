-- A question can also be answered with a wish for another proposal, or approved with edited arguments.

alter table approvals drop constraint approvals_status_check;
alter table approvals add constraint approvals_status_check
  check (status in ('open', 'approved', 'rejected', 'changes_requested', 'expired', 'voided'));
-- `approved_hash` names the arguments that approvals are of now: null as long as those are the asked ones and the question
-- is open.
alter table approvals
  add column approved_args_ciphertext bytea, -- the exact edited arguments, RFC 8785, encrypted; null: as asked
  add column approved_args_display jsonb, -- redacted
  -- An edit to other arguments begins a new round: approvals of other arguments count no more.
  add column round integer not null default 1 check (round >= 1);
grant update (approved_args_ciphertext, approved_args_display) on approvals to awooop_retention;

alter table approval_decisions drop constraint approval_decisions_decision_check;
alter table approval_decisions add constraint approval_decisions_decision_check
  check (decision in ('approve', 'reject', 'request_changes', 'edit'));
alter table approval_decisions add column round integer not null default 1;
-- Each person counts once, about the same arguments.
alter table approval_decisions drop constraint approval_decisions_project_id_approval_id_actor_id_key;
alter table approval_decisions add constraint approval_decisions_once
  unique (project_id, approval_id, actor_id, round);
