-- Every question a list can be asked has an index that serves it, whatever else is in the table.

drop index runs_by_error;
create index runs_by_error on runs (project_id, error_code, created_at desc, run_id desc) where error_code is not null;
create index runs_by_trigger_type on runs (project_id, trigger_type, created_at desc, run_id desc);
create index runs_by_shadow on runs (project_id, is_shadow, created_at desc, run_id desc);
-- What has no end (or no deadline) yet sorts as if it were still to come: one order, both directions, no nulls.
create index runs_by_end on runs (project_id, (coalesce(completed_at, 'infinity'::timestamptz)), run_id);
create index runs_by_deadline on runs (project_id, (coalesce(timeout_at, 'infinity'::timestamptz)), run_id);
create index runs_by_cost on runs (project_id, cost_usd, run_id);
create index channel_events_by_type on channel_events (project_id, channel_type, received_at desc, event_id desc);
create index budget_reservations_of_run on budget_reservations (project_id, run_id);

-- words ---------------------------------------------------------------------------------------------------------
-- A text is found by the beginnings of its words, and `DiskAlmostFull` is three of them; in scripts without spaces
-- (Han, kana, hangul) by pairs of characters. Each term is kept behind its project's id, so one index keeps the tenants
-- apart, and a search costs what that tenant's own matches cost. (The parsers of to_tsvector take a path or a host name
-- for one word and Han text for another.)

-- The words of a text: runs of characters that are no blanks, signs or punctuation. A word with humps, each marked by
-- U+0002 in front of it, gives what begins at its beginning and at each hump.
create function awooop_terms(content text) returns text[]
language sql immutable strict parallel safe
as $$
  select array(
    select distinct term from regexp_matches(content,
        '([\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7af]+)|([^\u0001\u0003-\u002f\u003a-\u0040\u005b-\u0060\u007b-\u00bf\u2000-\u206f\u3000-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7af\uff00-\uff0f\uff1a-\uff20]+)',
        'g') as part,
      lateral (
        select lower(left(array_to_string(humps[at:], ''), 64) collate "default") as term
          from string_to_array(part[2], E'\x02') as humps, generate_subscripts(humps, 1) as at
        union all
        select substr(part[1], at, 2) from generate_series(1, length(part[1])) as at
      ) as terms
    where term <> '')
$$;

create function awooop_search_vector(project_id text, content text) returns tsvector
language sql immutable parallel safe
as $$
  select array_to_tsvector(array(
    select project_id || ' ' || term from unnest(
      awooop.awooop_terms(regexp_replace(left(content, 8192), '([a-z0-9])([A-Z])', E'\\1\x02\\2', 'g'))) as term))
$$;

-- Finds texts that have all of the words; null when there is none to look for. A single letter or digit must be a whole
-- word: as a beginning it would be a good part of the index.
create function awooop_search_query(project_id text, words text) returns tsquery
language sql immutable parallel safe
as $$
  -- Terms hold neither quotes nor backslashes; what is asked for as a project may hold anything.
  select string_agg(
    '''' || replace(replace(project_id, '\', '\\'), '''', '''''') || ' ' || term
      || case when length(term) = 1 and ascii(term) < ascii(E'\u3040') then '''' else ''':*' end, ' & ')::tsquery
  from unnest(awooop.awooop_terms(replace(words, E'\x02', ' '))) as term
$$;

-- Beside the runs and not among their columns: a heartbeat need not write a run's words anew. One row for the run's own
-- texts and one for each of its messages, so that those who write them do not wait for each other.
create table run_words (
  project_id text collate "C" not null,
  run_id uuid not null,
  source_id uuid not null, -- the run, for its title and its error; or the message, for its preview
  words tsvector not null,
  primary key (project_id, run_id, source_id),
  foreign key (project_id, run_id) references runs
);
-- What waits to get into the index is read by every search, so it must not become much.
create index run_words_words on run_words using gin (words) with (gin_pending_list_limit = 256);

alter table run_words enable row level security;
alter table run_words force row level security;
create policy tenant on run_words to awooop_app
  using (project_id = any ((select string_to_array(nullif(current_setting('awooop.projects', true), ''), ','))::text[]))
  with check (project_id = any ((select string_to_array(nullif(current_setting('awooop.projects', true), ''), ','))::text[]));
create policy platform on run_words to awooop_platform using (true) with check (true);
grant select, insert, update on run_words to awooop_app, awooop_platform;

create function awooop_note_run_words() returns trigger
language plpgsql
as $$
begin
  insert into awooop.run_words values (new.project_id, new.run_id, new.run_id,
      awooop.awooop_search_vector(new.project_id, new.title || ' ' || coalesce(new.error_detail, '')))
    on conflict (project_id, run_id, source_id) do update set words = excluded.words;
  return null;
end
$$;
create trigger note_words_of_new after insert on runs
  for each row execute function awooop_note_run_words();
create trigger note_words_of_changed after update of title, error_detail on runs
  for each row when (old.title <> new.title or old.error_detail is distinct from new.error_detail)
  execute function awooop_note_run_words();

create function awooop_note_message_words() returns trigger
language plpgsql
as $$
begin
  insert into awooop.run_words values (new.project_id, new.run_id, new.message_id,
      awooop.awooop_search_vector(new.project_id, coalesce(new.content_preview, '')))
    on conflict (project_id, run_id, source_id) do update set words = excluded.words;
  return null;
end
$$;
create trigger note_words_of_new after insert on outbound_messages
  for each row when (new.run_id is not null and new.content_preview is not null)
  execute function awooop_note_message_words();
create trigger note_words_of_changed after update of content_preview on outbound_messages
  for each row when (new.run_id is not null and old.content_preview is distinct from new.content_preview)
  execute function awooop_note_message_words();

-- FORCE binds the owner too: without policies of its own it would find no run and could write no words.
create policy migration on runs for select to awooop_owner using (true);
create policy migration on outbound_messages for select to awooop_owner using (true);
create policy migration on run_words for insert to awooop_owner with check (true);
-- A text is redacted when it is written; what was written before was redacted only when it was read. Of that, a text
-- that looks as if it held a secret is left out: nobody shall find out by searching what the secret begins with.
insert into run_words
  select project_id, run_id, source_id, awooop_search_vector(project_id, content)
  from (
    select project_id, run_id, run_id as source_id, title || ' ' || coalesce(error_detail, '') as content from runs
    union all
    select project_id, run_id, message_id, content_preview from outbound_messages
    where run_id is not null and content_preview is not null
  ) texts
  where content !~*
    'pass|pwd|secret|token|key|bearer|auth|credential|cookie|begin |://[^/]*@|[[:alnum:]+/_=]{20}';
drop policy migration on runs;
drop policy migration on outbound_messages;
drop policy migration on run_words;

-- `@@` is not leakproof, so under row-level security no index could serve it for a tenant. The function's owner has a
-- policy of its own and reads nothing but these words; whose rights the caller has is asked here, and again by the query
-- that looks the ids up in `runs` under the caller's own role.
create policy search on run_words for select to awooop_search using (true);
grant usage on schema awooop to awooop_search;
grant select on run_words to awooop_search;

-- The runs of a project that have a text with all of the words; a run once for each such text, at most so many texts
-- (null: all). Planned once, without the words: whatever they are, the index on them is the way.
create function awooop_search_runs(in_project text, words text, most bigint default null) returns setof uuid
language plpgsql stable security definer rows 10
set search_path = awooop, pg_temp set plan_cache_mode = force_generic_plan
as $$
declare
  wanted constant tsquery := awooop_search_query(in_project, words);
begin
  if current_setting('role') <> 'awooop_platform'
    and not (in_project = any (string_to_array(coalesce(current_setting('awooop.projects', true), ''), ','))) then
    return;
  end if;
  if wanted is not null then
    return query select w.run_id from run_words w where w.words @@ wanted limit most;
  end if;
end
$$;
revoke all on function awooop_search_runs(text, text, bigint) from public;
grant execute on function awooop_search_runs(text, text, bigint) to awooop_app, awooop_platform;
grant create on schema awooop to awooop_search;
alter function awooop_search_runs(text, text, bigint) owner to awooop_search;
revoke create on schema awooop from awooop_search;
