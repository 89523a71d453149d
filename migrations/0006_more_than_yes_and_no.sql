-- A question can also be answered with a wish for another proposal, or approved with edited arguments.

alter table approvals drop constraint approvals_status_check;
alter table approvals add constraint approvals_status_check
  check (status in ('open', 'approved', 'rejected', 'changes_requested', 'expired', 'voided'));
alter table approvals
  add column approved_args_ciphertext bytea, -- the exact edited arguments, RFC 8785, encrypted; null: as asked
  add column approved_args_display jsonb; -- redacted

alter table approval_decisions drop constraint approval_decisions_decision_check;
alter table approval_decisions add constraint approval_decisions_decision_check
  check (decision in ('approve', 'reject', 'request_changes', 'edit'));
