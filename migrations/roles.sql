-- Cluster-wide roles. Run before the migrations, under the migration lock, and safe to repeat.
-- Roles belong to the cluster, not to the database, so another database may be creating them at the same moment.
do $$
declare
  wanted text;
begin
  foreach wanted in array array[
    'awooop_owner',    -- owns the schema; migrates
    'awooop_app',      -- a caller with a list of projects
    'awooop_platform', -- a platform operator
    'awooop_system',   -- what must run before a tenant is known
    'awooop_retention', -- forgets what a project no longer keeps; the only one that deletes runs
    'awooop_jobs',     -- the job engine, in its own schema
    'awooop_catalog',  -- owns the function that lists projects
    'awooop_search'    -- owns the function that finds runs by words
  ] loop
    begin
      if not exists (select from pg_roles where rolname = wanted) then
        execute format('create role %I nologin nosuperuser nobypassrls', wanted);
      end if;
    exception when duplicate_object or unique_violation then
      null;
    end;
  end loop;
end
$$;
