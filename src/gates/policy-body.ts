import { z } from "zod";
import { text } from "../platform/contract.ts";

/** The body of a `policy` contract: what the project permits, in Cedar (cedarpolicy.com). */
export const policyBodySchema = z.strictObject({
  display_name: text(1, 200).optional(),
  description: text(0, 4_000).default(""),
  cedar: text(1, 200_000),
});
