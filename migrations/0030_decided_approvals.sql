-- Questions that are open no more are read by when that was, newest first.

create index approvals_closed on approvals (project_id, decided_at desc, approval_id desc) where decided_at is not null;
