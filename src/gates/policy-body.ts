import { z } from "zod";
import type { Families } from "../contracts/index.ts";
import { text } from "../platform/contract.ts";
import type { FieldError } from "../platform/errors.ts";
import type { Finding } from "../platform/findings-contract.ts";
import { policiesOf, policyProblems } from "./policy-text.ts";
import { validatePolicies } from "./policy-validation.ts";

/** The body of a `policy` contract: what the project permits, in Cedar (cedarpolicy.com). */
export const policyBodySchema = z.strictObject({
  display_name: text(1, 200).optional(),
  description: text(0, 4_000).optional(),
  cedar: text(1, 100_000),
});
type PolicyBody = z.output<typeof policyBodySchema>;

/** What is wrong with the Cedar of a body that fits the schema. */
export function policyChecks(body: PolicyBody): FieldError[] {
  return policyProblems(body.cedar).map(inCedar);
}

const inCedar = (found: Finding): FieldError => ({ path: "cedar", ...found });

/** What contracts of the family `policy` have to be. */
export const policyFamily: Families["policy"] = {
  schema: policyBodySchema,
  check: (body) => policyChecks(body as PolicyBody),
  async checkTools(body, known) {
    const { errors, warnings } = await validatePolicies((body as PolicyBody).cedar, known);
    return { errors: errors.map(inCedar), warnings };
  },
  compared: (body) => policiesOf((body as PolicyBody).cedar),
};
