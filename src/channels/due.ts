import { sql } from "kysely";

/** When a message is due whose job comes in so many seconds: by the transaction's time, as the job engine has it, and never later. */
export const inSeconds = (seconds: number) =>
  sql<string>`now() - interval '1 millisecond' + make_interval(secs => ${seconds})`;
