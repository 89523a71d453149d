-- A call whose tool server asks its client goes on with the client's answers, round by round: each round is sent once.

alter table mcp_calls add column round smallint not null default 0; -- how many answers of the client have been sent on
