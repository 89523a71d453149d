-- The audit log is read by who did it, by what was done, and by what it was done to.

create index audit_log_actor on audit_log (project_id, actor_id, at desc, audit_id desc);
create index audit_log_action on audit_log (project_id, action, at desc, audit_id desc);
-- In place of the one by kind and id: an id names its target by itself.
create index audit_log_target on audit_log (project_id, subject_id, at desc, audit_id desc);
drop index audit_log_subject;
