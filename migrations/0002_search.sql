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
-- A text is found by the beginnings of its words; in scripts without spaces (Han, kana, hangul) by pairs of characters.
-- Each term begins with the project's id, so one index keeps the tenants apart, and a search costs what that tenant's
-- own matches cost. (The parsers of to_tsvector take a path or a host name for one word and Han text for another.)

create function awooop_terms(content text) returns text[]
language sql immutable strict parallel safe
as $$
  select array(
    select distinct term from regexp_matches(lower(left(content, 8192)),
        '([\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7af]+)|([^\u0001-\u002f\u003a-\u0040\u005b-\u0060\u007b-\u00bf\u2000-\u206f\u3000-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7af\uff00-\uff0f\uff1a-\uff20]+)',
        'g') as part,
      lateral (
        select left(part[2], 64) as term where part[2] is not null
        union all
        select substr(part[1], at, 2) from generate_series(1, length(part[1])) as at
      ) as terms)
$$;

create function awooop_search_vector(project_id text, content text) returns tsvector
language sql immutable parallel safe
as $$
  select array_to_tsvector(array(select project_id || ' ' || term from unnest(awooop.awooop_terms(content)) as term))
$$;

-- Beside the runs and not among their columns: a heartbeat need not write a run's words anew.
create table run_words (
  project_id text collate "C" not null,
  run_id uuid not null,
  words tsvector not null, -- of its title and its error
  primary key (project_id, run_id),
  foreign key (project_id, run_id) references runs
);
create index run_words_words on run_words using gin (words);
create index outbound_messages_words on outbound_messages
  using gin (awooop_search_vector(project_id, content_preview)) where run_id is not null;

alter table run_words enable row level security;
alter table run_words force row level security;
create policy tenant on run_words to awooop_app
  using (project_id = any ((select string_to_array(nullif(current_setting('awooop.projects', true), ''), ','))::text[]))
  with check (project_id = any ((select string_to_array(nullif(current_setting('awooop.projects', true), ''), ','))::text[]));
create policy platform on run_words to awooop_platform using (true) with check (true);
grant select, insert, update on run_words to awooop_app, awooop_platform;

create function awooop_note_words() returns trigger
language plpgsql
as $$
declare
  noted constant tsvector :=
    awooop.awooop_search_vector(new.project_id, new.title || ' ' || coalesce(new.error_detail, ''));
begin
  if tg_op = 'INSERT' then
    insert into awooop.run_words values (new.project_id, new.run_id, noted);
  else
    update awooop.run_words set words = noted where project_id = new.project_id and run_id = new.run_id;
  end if;
  return null;
end
$$;
create trigger note_words_of_new after insert on runs
  for each row execute function awooop_note_words();
create trigger note_words_of_changed after update of title, error_detail on runs
  for each row when (old.title <> new.title or old.error_detail is distinct from new.error_detail)
  execute function awooop_note_words();
-- FORCE binds the owner too: without policies of its own it would find no run and could write no words.
create policy migration on runs for select to awooop_owner using (true);
create policy migration on run_words for insert to awooop_owner with check (true);
insert into run_words
  select project_id, run_id, awooop_search_vector(project_id, title || ' ' || coalesce(error_detail, '')) from runs;
drop policy migration on runs;
drop policy migration on run_words;

-- `@@` is not leakproof, so under row-level security no index could serve it for a tenant. The function's owner has a
-- policy of its own and reads nothing but ids; whose rights the caller has is asked here, and again by the query that
-- joins the ids with `runs` under the caller's own role.
create policy search on run_words for select to awooop_search using (true);
create policy search on outbound_messages for select to awooop_search using (true);
grant usage on schema awooop to awooop_search;
grant select on run_words to awooop_search;
grant select (project_id, run_id, content_preview) on outbound_messages to awooop_search;

create function awooop_search_runs(in_project text, words text) returns setof uuid
language plpgsql stable security definer set search_path = awooop, pg_temp rows 100
as $$
declare
  query tsquery;
begin
  if current_setting('role') <> 'awooop_platform'
    and not (in_project = any (string_to_array(coalesce(current_setting('awooop.projects', true), ''), ','))) then
    return;
  end if;
  -- Terms hold neither quotes nor backslashes; what is asked for as a project may hold anything.
  select string_agg('''' || replace(replace(in_project, '\', '\\'), '''', '''''') || ' ' || term || ''':*', ' & ')::tsquery
    into query from unnest(awooop_terms(words)) as term;
  if query is null then
    return;
  end if;
  return query
    select w.run_id from run_words w where w.words @@ query
    union
    select m.run_id from outbound_messages m
      where m.run_id is not null and awooop_search_vector(m.project_id, m.content_preview) @@ query;
end
$$;
revoke all on function awooop_search_runs(text, text) from public;
grant execute on function awooop_search_runs(text, text) to awooop_app, awooop_platform;
grant create on schema awooop to awooop_search;
alter function awooop_search_runs(text, text) owner to awooop_search;
revoke create on schema awooop from awooop_search;
