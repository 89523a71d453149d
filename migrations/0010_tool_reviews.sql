-- What reads oddly in the words of a tool, or in what one answered; see src/toolservers/flags-contract.ts.
alter table tool_pins add column flags text[] not null default '{}';
-- Since when the tool server has not listed the tool any more.
alter table tool_pins add column absent_since timestamptz;
alter table mcp_calls add column flags text[] not null default '{}';

-- A tool that is no longer what was pinned waits for a person. While nobody has decided, a further change is one of the
-- same review, so that a tool that never stays the same makes one row; what was decided stays.
create table tool_reviews (
  project_id text collate "C" not null references projects,
  review_id uuid not null,
  server_id text collate "C" not null,
  tool_name text collate "C" not null,
  -- open: quarantined, undecided; accepted: pinned as it is now; kept: stays quarantined; reverted: the tool is back to
  -- what was pinned, or to what was decided about
  status text not null check (status in ('open', 'accepted', 'kept', 'reverted')),
  pinned_hash text not null,
  pinned_definition jsonb not null,
  changed_hash text not null,
  changed_definition jsonb not null,
  differences jsonb not null, -- structured; said in words when they are shown
  flags text[] not null default '{}', -- of the changed definition
  opened_at timestamptz not null default clock_timestamp(),
  changed_at timestamptz not null default clock_timestamp(),
  decided_at timestamptz,
  decided_by text,
  reason text,
  primary key (project_id, review_id)
);
create unique index tool_reviews_undecided on tool_reviews (project_id, server_id, tool_name)
  where status in ('open', 'reverted');
create index tool_reviews_of_tool on tool_reviews (project_id, server_id, tool_name, changed_hash);
create index tool_reviews_newest on tool_reviews (project_id, changed_at desc, review_id desc);

alter table tool_reviews enable row level security;
alter table tool_reviews force row level security;
create policy tenant on tool_reviews to awooop_app
  using (project_id = any ((select string_to_array(nullif(current_setting('awooop.projects', true), ''), ','))::text[]))
  with check (project_id = any ((select string_to_array(nullif(current_setting('awooop.projects', true), ''), ','))::text[]));
create policy platform on tool_reviews to awooop_platform using (true) with check (true);
grant select, insert, update on tool_reviews to awooop_app, awooop_platform;
