import type { Migration } from "../migrate.ts"

/** What was sent with a reply in the form of release 0.2.0, as JSON; see `SentReply`. */
export const sentReplies: Migration = {
  name: "0007-sent-replies",
  sql: "alter table replies add column sent text;",
}
