-- What a person is told beside a question, kept with it so that every surface shows the same and the record says what was
-- seen. Null in rows of an older release: nothing more is known of those.

alter table approvals
  -- The names and types of the arguments without their values (SHA-256): what was decided about calls that look alike.
  add column args_shape text check (args_shape ~ '^[0-9a-f]{64}$'),
  -- Which contract or policy demands a person, with its words in both languages.
  add column demand jsonb,
  -- What of the call is worth a second look, as keys and parameters; none of them holds a value of an argument.
  add column risks jsonb,
  -- A question that takes the place of one for which changes were requested is its next revision.
  add column revision integer not null default 1 check (revision >= 1),
  add column revision_of uuid;
alter table approvals add constraint approvals_revision_of_fkey
  foreign key (project_id, revision_of) references approvals;

create unique index approvals_revised on approvals (project_id, revision_of) where revision_of is not null;
create index approvals_alike on approvals (project_id, server, tool_name, args_shape, decided_at desc)
  where status in ('approved', 'rejected', 'changes_requested');
create index approvals_of_agent on approvals (project_id, agent_id, server, tool_name, created_at);
