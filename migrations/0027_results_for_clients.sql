-- Results of approved calls are kept for every client until they have been sent, not only for those that take tasks.

alter table task_outcomes add column delivered_at timestamptz; -- when an answer with it had been sent whole
