import type { Migration } from "../migrate.ts"

/**
 * Whose thread it is: a name may be given to another agent later. Threads of before have no
 * identity until the agent that is there at the next start takes those of its name. And facts of
 * the ledger itself: a row to try whether it can be written, and since when it knows of all
 * uploaded files (milliseconds since 1970).
 */
export const identities: Migration = {
  name: "0004-identities",
  sql: `
alter table threads add column agent_identity text;
create index threads_identity on threads (agent_identity) where agent_identity is not null;
create index threads_unowned on threads (agent_id) where agent_identity is null;
create table facts (name text primary key, value integer not null) strict;
insert into facts values ('probe', 0), ('files_known_since', 0);
`,
}
