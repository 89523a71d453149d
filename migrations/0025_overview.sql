-- What the overview counts: calls that a gate stopped, and questions, by when they came.

create index mcp_calls_stopped on mcp_calls (project_id, created_at desc) include (block_gate, server, tool_name, block_code)
  where block_gate is not null;
create index approvals_asked on approvals (project_id, created_at desc) include (status, decided_at);
