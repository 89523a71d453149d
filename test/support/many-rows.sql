-- 30 projects of very different sizes with 40,000 runs in all, and what belongs to them.
insert into projects (project_id, display_name, migration_mode)
  select 'p' || n, 'Project', 'active' from generate_series(0, 29) n;
insert into contract_revisions
  (revision_id, project_id, contract_id, contract_family, lifecycle_status, body, body_hash, version_major, version_minor, created_by)
  select gen_random_uuid(), project_id, 'agent-' || n, (array['agent', 'policy', 'channel'])[1 + n % 3],
    case when n % 4 = 0 then 'active' else 'retired' end, case when n % 3 = 2 then '{"type": "console"}' else '{}' end::jsonb, repeat('0', 64), 1, n, 'test'
  from projects, generate_series(1, 100) n;
insert into contract_revisions
  (revision_id, project_id, contract_id, contract_family, lifecycle_status, body, body_hash, version_major, version_minor, created_by)
  select gen_random_uuid(), project_id, 'tools' || coalesce(nullif(n, 0)::text, ''), 'tool_server', 'active',
    '{"transport": "http", "url": "https://tools.example/mcp"}', repeat('0', 64), 1, 0, 'test'
  from projects, generate_series(0, 40) n;
insert into contract_revisions
  (revision_id, project_id, contract_id, contract_family, lifecycle_status, body, body_hash, version_major, version_minor, created_by)
  select gen_random_uuid(), project_id, 'console', 'channel', 'active', '{"type": "console"}', repeat('0', 64), 1, 0, 'test'
  from projects;
create temporary table sizes as
  select project_id, case project_id when 'p0' then 15000 when 'p1' then 2600 else 800 end as runs,
    (select revision_id from contract_revisions r where r.project_id = p.project_id limit 1)
  from projects p;
insert into runs
  (run_id, project_id, agent_id, revision_id, driver, state, title, is_shadow, trace_id, trigger_type, trigger_ref,
   error_code, cost_usd, created_at, completed_at, timeout_at)
  select gen_random_uuid(), project_id, 'agent-' || n % 7, revision_id, 'worker', state, 'Disk almost full', n % 9 = 0,
    md5(project_id || n), (array['alertmanager', 'client'])[1 + n % 2], 'event-' || n,
    case state when 'failed' then 'E-RUN-STEP' end, n % 1000 * 0.001, now() - n * interval '1 minute',
    case when state <> 'waiting_approval' then now() end, now() + n * interval '1 minute'
  from sizes, generate_series(1, runs) n,
    lateral (select case when n % 20 = 0 then 'waiting_approval' when n % 10 = 3 then 'failed' else 'completed' end) as s (state);
insert into run_words
  select project_id, run_id, run_id,
    array_to_tsvector(array[project_id || ' disk', project_id || ' full', project_id || ' ' || left(trace_id, 6)])
  from runs;
-- Words that no search looks for in every text.
insert into run_words
  select project_id, run_id, gen_random_uuid(), array_to_tsvector(array['p0 disk', 'p0 full'])
  from runs, generate_series(1, 4) where project_id = 'p0' and state <> 'failed';
insert into run_transitions (transition_id, project_id, run_id, to_state, event, actor_kind, actor_id)
  select gen_random_uuid(), project_id, run_id, state, 'create', 'system', 'test' from runs;
insert into run_steps (step_id, project_id, run_id, step_seq, step_key, kind, result_status)
  select gen_random_uuid(), project_id, run_id, 1, 'one', 'tool_call', 'success' from runs;
insert into mcp_calls
  (call_id, project_id, run_id, call_key, server, tool_name, args_hash, effect, is_shadow, result_status, created_at)
  select gen_random_uuid(), project_id, run_id, 'call', 'tools', 'look', repeat('0', 64), 'read', false, 'success', created_at
  from runs, generate_series(1, 2);
insert into run_budgets (project_id, run_id) select project_id, run_id from runs;
insert into budget_reservations (project_id, call_id, run_id, amount_usd, status)
  select project_id, call_id, run_id, 0, 'spent' from mcp_calls where random() < 0.2;
insert into channel_events
  (event_id, project_id, channel_type, channel_id, provider_event_id, payload, content_preview, run_id, received_at)
  select gen_random_uuid(), project_id, (array['alertmanager', 'slack'])[1 + row_number() over () % 2], 'alerts',
    md5(run_id::text), '{}', 'Disk almost full', run_id, created_at
  from runs;
insert into outbound_messages
  (message_id, project_id, run_id, channel_type, channel_id, message_type, content, send_status, queued_at, sent_at)
  select gen_random_uuid(), project_id, run_id, 'console', 'console', 'final', '{}', 'sent', created_at, created_at from runs;
insert into approvals
  (approval_id, project_id, run_id, call_id, call_key, agent_id, revision_id, contract_hash, server, tool_name, effect,
   args_display, args_ciphertext, asked_hash, status, rule, on_reject, on_expire, redeem_seconds, created_at, expires_at, decided_at)
  select gen_random_uuid(), project_id, run_id, gen_random_uuid(), 'call', agent_id, revision_id, repeat('0', 64), 'tools',
    'wipe', 'write', '{}', '', repeat('0', 64), case when state = 'waiting_approval' then 'open' else 'rejected' end,
    'always', 'cancel', 'cancel', 300, created_at, now() + random() * interval '1 day', case when state <> 'waiting_approval' then created_at end
  from runs where state = 'waiting_approval' or is_shadow;
insert into approval_decisions
  (decision_id, project_id, approval_id, run_id, actor_kind, actor_id, via_key_id, decision, surface)
  select gen_random_uuid(), project_id, approval_id, run_id, 'key', 'op', 'k', 'reject', 'api' from approvals
  where status = 'rejected';
insert into audit_log (audit_id, project_id, actor_kind, actor_id, action, subject_kind, subject_id)
  select gen_random_uuid(), project_id, 'system', 'test', 'run.create', 'run', run_id from runs;
