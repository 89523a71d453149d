-- What the triggers would have noted.

-- part: of runs
insert into run_words (project_id, run_id, source_id, words)
select project_id, run_id, run_id, awooop_search_vector(project_id, title || ' ' || coalesce(error_detail, '')) from runs;

-- part: of messages
insert into run_words (project_id, run_id, source_id, words)
select project_id, run_id, message_id, awooop_search_vector(project_id, content_preview) from outbound_messages;
