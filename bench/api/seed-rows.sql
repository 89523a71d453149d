-- Each part below runs in a session of its own, two at a time; triggers and foreign keys rest meanwhile.

-- part: projects
insert into projects (project_id, display_name, migration_mode, budget_limit_usd, created_at)
select 'bench-' || lpad(k::text, 3, '0'), 'Bench tenant ' || k, 'active', 500, timestamptz '2026-04-29 00:00Z'
from bench.size s, generate_series(0, s.projects - 1) as k
union all select 'bench-decide', 'Bench tenant of decisions', 'active', null, timestamptz '2026-04-29 00:00Z';

-- part: contract_revisions
insert into contract_revisions (revision_id, project_id, contract_id, contract_family, lifecycle_status, body, body_hash,
  version_major, version_minor, created_at, created_by)
select bench.id(timestamptz '2026-04-30 00:00Z', 'revision ' || k || ' ' || n), 'bench-' || lpad(k::text, 3, '0'),
  'agent-' || n, 'agent', 'active', jsonb '{"driver": "worker", "tools": []}', repeat('0', 64), 1, n,
  timestamptz '2026-04-30 00:00Z', 'bench'
from bench.size s, generate_series(0, s.projects - 1) as k, generate_series(0, 7) as n
union all
select bench.id(timestamptz '2026-04-30 00:00Z', 'revision of decisions'), 'bench-decide', 'agent-0', 'agent', 'active',
  jsonb '{"driver": "worker", "tools": []}', repeat('0', 64), 1, 0, timestamptz '2026-04-30 00:00Z', 'bench';

-- part: runs
insert into runs (run_id, project_id, agent_id, revision_id, driver, state, title, is_shadow, trace_id, trigger_type,
  trigger_ref, input, result, cost_usd, step_count, attempt_count, worker_id, fence, error_code, error_detail, created_at,
  started_at, completed_at, timeout_at, heartbeat_at)
select run_id, project_id, agent_id, revision_id, 'worker', state, title, a % 10 = 0, md5('trace ' || i), trigger_type,
  case when a % 10 < 7 then event_id::text else 'ticket-' || j end,
  jsonb_build_object('alert', title, 'service', service, 'labels', jsonb_build_object('severity', 'page', 'zone', c % 3)),
  case when state = 'completed' then jsonb_build_object('outcome', 'fixed', 'freed_bytes', c) end,
  (a % 4000) / 1000.0, steps, 1, case state when 'running' then 'worker-' || a % 4 end, 1,
  case when state in ('failed', 'timed_out') then bench.pick('{E-TOOL-UPSTREAM,E-TOOL-TIMEOUT,E-POLICY-DENIED,E-BUDGET-RUN,E-RUN-TIMEOUT}', c) end,
  error_detail, created_at, case when state <> 'pending' then created_at + interval '300 ms' end, case when is_over then ended_at end,
  created_at + interval '1 hour', case when state <> 'pending' then created_at + interval '1 s' end
from bench.run;

-- part: run_budgets
insert into run_budgets (project_id, run_id, calls_limit, cost_limit_usd, calls_used, reserved_usd, spent_usd)
select project_id, run_id, 20000, 5, steps, 0, (a % 4000) / 1000.0 from bench.run;

-- part: run_transitions
insert into run_transitions (transition_id, project_id, run_id, from_state, to_state, event, actor_kind, actor_id, at)
select bench.id(t.at, 'transition ' || k || ' ' || j || ' ' || t.n), project_id, run_id, t.from_state, t.to_state, t.event,
  t.actor_kind, t.actor_id, t.at
from bench.run, lateral (values
  (1, null, 'pending', 'create', 'system', 'ingest', created_at),
  (2, 'pending', 'running', 'claim', 'worker', 'worker-' || a % 4, created_at + interval '300 ms'),
  (3, 'running', state, case state when 'completed' then 'complete' when 'failed' then 'fail' when 'cancelled' then 'cancel'
    when 'timed_out' then 'time_out' else 'wait' end, 'worker', 'worker-' || a % 4,
    case when is_over then ended_at else created_at + interval '2 s' end)
) as t (n, from_state, to_state, event, actor_kind, actor_id, at)
where t.n = 1 or (t.n = 2 and state <> 'pending') or (t.n = 3 and state not in ('pending', 'running'));

-- part: run_steps
insert into run_steps (step_id, project_id, run_id, step_seq, step_key, kind, tool_name, result_status, was_blocked,
  block_reason, error_code, latency_ms, cost_usd, summary, input, output, call_id, created_at, completed_at)
select bench.id(t.at, 'step ' || k || ' ' || j || ' ' || seq), project_id, run_id, seq, 'step_' || seq, 'tool_call',
  bench.pick('{disk_usage,list_pods,read_metrics,restart_service,clear_cache,open_ticket}', c + seq),
  case when t.is_last and state = 'failed' then 'error' else 'success' end, false, null,
  case when t.is_last and state = 'failed' then 'E-TOOL-UPSTREAM' end, (c + seq) % 900, 0.001, null,
  jsonb_build_object('service', service, 'window', '15m'),
  jsonb_build_object('lines', (c + seq) % 400, 'text', 'volume ' || service || ' holds ' || c % 97 || ' percent'),
  bench.id(t.at, 'call ' || k || ' ' || j || ' ' || seq), t.at, t.at + interval '150 ms'
from bench.run, generate_series(1, steps) as seq,
  lateral (select created_at + interval '400 ms' + (seq - 1) * interval '160 ms' as at, seq = steps as is_last) as t;

-- part: mcp_calls
insert into mcp_calls (call_id, project_id, run_id, step_id, call_key, server, tool_name, args, args_hash, effect, is_shadow,
  result_status, result, result_hash, verdicts, agent_reason, latency_ms, upstream_ms, cost_usd, created_at, completed_at)
select bench.id(t.at, 'call ' || k || ' ' || j || ' ' || seq), project_id, run_id,
  bench.id(t.at, 'step ' || k || ' ' || j || ' ' || seq), 'step_' || seq, 'ops-tools',
  bench.pick('{disk_usage,list_pods,read_metrics,restart_service,clear_cache,open_ticket}', c + seq),
  jsonb_build_object('service', service, 'window', '15m'), md5(j || ' ' || seq) || md5(seq::text),
  case when (c + seq) % 6 > 2 then 'write' else 'read' end, a % 10 = 0,
  case when seq = steps and state = 'failed' then 'error' else 'success' end,
  jsonb_build_object('content', jsonb_build_array(jsonb_build_object('type', 'text', 'text',
    'volume ' || service || ' holds ' || c % 97 || ' percent'))), md5('result ' || j || seq),
  '[{"gate": 1, "outcome": "pass"}, {"gate": 2, "outcome": "pass"}, {"gate": 3, "outcome": "pass"}, {"gate": 4, "outcome": "pass"}, {"gate": 5, "outcome": "pass"}]',
  case when seq % 3 = 0 then 'The alert names this service' end, (c + seq) % 900, (c + seq) % 890, 0.001, t.at,
  t.at + interval '150 ms'
from bench.run, generate_series(1, steps) as seq,
  lateral (select created_at + interval '400 ms' + (seq - 1) * interval '160 ms' as at) as t;

-- part: channel_events
insert into channel_events (event_id, project_id, channel_type, channel_id, provider_event_id, channel_chat_id, sender, payload,
  content_preview, fingerprint, is_duplicate, run_id, received_at)
select case n when 1 then event_id else bench.id(created_at + interval '20 s', 'again ' || k || ' ' || j) end, project_id,
  case trigger_type when 'api' then 'webhook' else trigger_type end, 'alerts', 'fp-' || md5('event ' || k || ' ' || j), null,
  'monitoring', jsonb_build_object('status', 'firing', 'labels', jsonb_build_object('alertname', title, 'service', service)),
  title || ' (firing)', md5(service || a % 40), n = 2, case when n = 2 or a % 10 >= 7 then null else run_id end,
  case n when 1 then created_at - interval '40 ms' else created_at + interval '20 s' end
from bench.run, generate_series(1, 2) as n where n = 1 or a % 5 = 0;

-- part: outbound_messages
insert into outbound_messages (message_id, project_id, run_id, channel_type, channel_id, message_type, subject_kind, content,
  content_preview, send_status, provider_message_id, attempt_count, queued_at, sent_at, triggered_by_state)
select bench.id(ended_at + n * interval '50 ms', 'message ' || k || ' ' || j || ' ' || n), project_id, run_id, 'telegram',
  'ops-oncall', 'final', null, jsonb_build_object('text', title), case when b % 3 = 0
    then 'AI 自動修復完成：' || service || ' 的磁碟空間已恢復正常' else 'AUTO RESOLVED ' || title || ': freed space, alert is quiet' end,
  'sent', (b % 1000000)::text, 1, ended_at + n * interval '50 ms', ended_at + n * interval '50 ms' + interval '30 ms', state
from bench.run, generate_series(1, case when is_long then 16 else 1 end) as n where is_long or (is_over and j % 2 = 0);

-- part: approvals
insert into approvals (approval_id, project_id, run_id, call_id, step_id, call_key, agent_id, revision_id, contract_hash, server,
  tool_name, effect, args_display, args_ciphertext, asked_hash, approved_hash, status, rule, headline, undoable, agent_reason,
  on_reject, on_expire, redeem_seconds, created_at, expires_at, decided_at, redeem_by, jti, token, redeemed_at)
select bench.id(created_at + interval '1 s', 'approval ' || k || ' ' || j), project_id, run_id,
  bench.id(created_at + interval '400 ms', 'call ' || k || ' ' || j || ' 1'),
  bench.id(created_at + interval '400 ms', 'step ' || k || ' ' || j || ' 1'), 'step_1', agent_id, revision_id, repeat('0', 64),
  'ops-tools', 'restart_service', 'write', jsonb_build_object('service', service, 'grace_seconds', 30), '\x00',
  md5('args ' || j) || md5(service), case when t.approved then md5('args ' || j) || md5(service) end,
  case when t.waits then 'open' when t.approved then 'approved' else 'rejected' end,
  'The contract asks a person before each restart_service.',
  jsonb_build_object('en', 'Restart ' || service || '?', 'zh-TW', '要重新啟動 ' || service || ' 嗎？'), true,
  'Memory grows since the last deployment', 'cancel', 'cancel', 300, created_at + interval '1 s',
  timestamptz '2100-01-01 00:00Z', case when not t.waits then created_at + interval '60 s' end,
  case when t.approved then created_at + interval '360 s' end,
  case when t.approved then bench.id(created_at + interval '60 s', 'token ' || k || ' ' || j) end,
  case when t.approved then repeat('t', 700) end, case when t.approved then created_at + interval '61 s' end
from bench.run, lateral (select state = 'waiting_approval' as waits, a % 4 <> 0 and state <> 'waiting_approval' as approved) as t
where t.waits or (is_over and c % 25 = 0);

-- part: approval_decisions
insert into approval_decisions (decision_id, project_id, approval_id, run_id, actor_kind, actor_id, via_key_id, decision, reason,
  surface, created_at)
select bench.id(created_at + interval '60 s', 'decision ' || k || ' ' || j), project_id,
  bench.id(created_at + interval '1 s', 'approval ' || k || ' ' || j), run_id, 'key', 'operator-' || a % 5, 'benchkey',
  case when a % 4 <> 0 then 'approve' else 'reject' end, 'Looked at the graphs', 'console', created_at + interval '60 s'
from bench.run where is_over and c % 25 = 0;

-- part: questions for decide
insert into runs (run_id, project_id, agent_id, revision_id, driver, state, title, is_shadow, trace_id, trigger_type, step_count,
  attempt_count, fence, created_at, started_at, timeout_at)
select bench.id(at, 'waiting ' || n), 'bench-decide', 'agent-0', bench.id(timestamptz '2026-04-30 00:00Z', 'revision of decisions'),
  'worker', 'waiting_approval', 'Memory close to its limit on checkout-' || n, false, md5('decide ' || n), 'alertmanager', 1, 1, 1,
  at, at, timestamptz '2100-01-01 00:00Z'
from bench.size s, generate_series(1, s.questions) as n,
  lateral (select timestamptz '2026-08-01 00:00Z' + n * interval '1 s' as at) as t;
insert into mcp_calls (call_id, project_id, run_id, step_id, approval_id, call_key, server, tool_name, args, args_hash, effect,
  is_shadow, result_status, verdicts, created_at)
select bench.id(at, 'waiting call ' || n), 'bench-decide', bench.id(at, 'waiting ' || n), bench.id(at, 'waiting step ' || n),
  bench.id(at, 'question ' || n), 'step_1', 'ops-tools', 'restart_service', '{"service": "checkout"}', repeat('0', 64), 'write',
  false, 'pending', '[]', at
from bench.size s, generate_series(1, s.questions) as n,
  lateral (select timestamptz '2026-08-01 00:00Z' + n * interval '1 s' as at) as t;
insert into run_steps (step_id, project_id, run_id, step_seq, step_key, kind, tool_name, result_status, call_id, created_at)
select bench.id(at, 'waiting step ' || n), 'bench-decide', bench.id(at, 'waiting ' || n), 1, 'step_1', 'tool_call',
  'restart_service', 'pending', bench.id(at, 'waiting call ' || n), at
from bench.size s, generate_series(1, s.questions) as n,
  lateral (select timestamptz '2026-08-01 00:00Z' + n * interval '1 s' as at) as t;
insert into approvals (approval_id, project_id, run_id, call_id, step_id, call_key, agent_id, revision_id, contract_hash, server,
  tool_name, effect, args_display, args_ciphertext, asked_hash, status, rule, on_reject, on_expire, redeem_seconds, created_at,
  expires_at)
select bench.id(at, 'question ' || n), 'bench-decide', bench.id(at, 'waiting ' || n), bench.id(at, 'waiting call ' || n),
  bench.id(at, 'waiting step ' || n), 'step_1', 'agent-0', bench.id(timestamptz '2026-04-30 00:00Z', 'revision of decisions'),
  repeat('0', 64), 'ops-tools', 'restart_service', 'write', '{"service": "checkout"}', '\x00', repeat('0', 64), 'open',
  'The contract asks a person before each restart_service.', 'cancel', 'cancel', 300, at, timestamptz '2100-01-01 00:00Z'
from bench.size s, generate_series(1, s.questions) as n,
  lateral (select timestamptz '2026-08-01 00:00Z' + n * interval '1 s' as at) as t;
