-- A key can expire with nobody there to take its chat links back; the sweeper finds them, and codes that are too old.

create policy system on chat_links for select to awooop_system using (true);
grant select on chat_links to awooop_system;

create policy system on chat_link_codes to awooop_system using (true);
grant select (expires_at), delete on chat_link_codes to awooop_system;
create index chat_link_codes_expiry on chat_link_codes (expires_at);
