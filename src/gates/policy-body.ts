import { z } from "zod";
import { text } from "../platform/contract.ts";
import type { FieldError } from "../platform/errors.ts";
import { policyProblems } from "./policy-text.ts";

/** The body of a `policy` contract: what the project permits, in Cedar (cedarpolicy.com). */
export const policyBodySchema = z.strictObject({
  display_name: text(1, 200).optional(),
  description: text(0, 4_000).optional(),
  cedar: text(1, 100_000),
});
export type PolicyBody = z.output<typeof policyBodySchema>;

/** What is wrong with the Cedar of a body that fits the schema. */
export function policyChecks(body: PolicyBody): FieldError[] {
  return policyProblems(body.cedar).map((message) => ({ path: "cedar", message }));
}
