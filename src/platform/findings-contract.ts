import { OF_BODIES } from "./findings/bodies-contract.ts";
import { OF_POLICIES } from "./findings/policies-contract.ts";
import { OF_REQUESTS } from "./findings/requests-contract.ts";
import { OF_VALUES } from "./findings/values-contract.ts";
import { fillWords, type Template, type WordParams } from "./words-contract.ts";

/**
 * The one catalogue of what can be wrong with a field, or is worth saying of a contract, in both languages. The page
 * `docs/findings.md` is held equal to it by a test.
 */
export const FINDINGS = { ...OF_VALUES, ...OF_BODIES, ...OF_POLICIES, ...OF_REQUESTS } as const;
export type FindingCode = keyof typeof FINDINGS;

type NamesIn<Text extends string> = Text extends `${string}{{${infer Name}}}${infer Rest}`
  ? Name | NamesIn<Rest>
  : never;
type NamesOf<Code extends FindingCode> = NamesIn<(typeof FINDINGS)[Code]["en"]>;
/** The parameters that the words of a code have; one that is in both languages has its other one under `…_zh_tw`. */
type ParamsOf<Code extends FindingCode> = Record<NamesOf<Code>, string | number> &
  Partial<Record<`${NamesOf<Code>}_zh_tw`, string | number>>;
/** As arguments of a function, so that nothing has to be given where there are none. */
export type Given<Code extends FindingCode> = [NamesOf<Code>] extends [never]
  ? []
  : [params: ParamsOf<Code>];

/** One thing that was found: for programs `code` and `params`, for people `message`, in English. */
export interface Finding {
  code: FindingCode;
  params: WordParams;
  message: string;
}

/** What was found, by its code. */
export function finding<Code extends FindingCode>(code: Code, ...given: Given<Code>): Finding {
  const params: WordParams = given[0] ?? {};
  return { message: fillWords(FINDINGS[code], params, "en"), code, params };
}

const DECLARED = new Map<string, Finding>();

/**
 * The words for a check of zod that takes nothing but a text; the finding is found again by them. Only for what is
 * declared once: what depends on the value that is checked says `asIssue`.
 */
export function says<Code extends FindingCode>(code: Code, ...given: Given<Code>): string {
  const found = finding(code, ...given);
  DECLARED.set(found.message, found);
  return found.message;
}

/** What `says` was asked for these words, if it was. */
export function declaredFinding(message: string): Finding | undefined {
  return DECLARED.get(message);
}

/** A finding as zod's own issue (`code: "custom"`) carries it. */
export function asIssue<Code extends FindingCode>(
  code: Code,
  ...given: Given<Code>
): { code: "custom"; message: string; params: { finding: Finding } } {
  const found = finding(code, ...given);
  return { code: "custom", message: found.message, params: { finding: found } };
}

/** The words of what was found, undefined for a code that is not in this version's catalogue. */
export function templateOf(code: string): Template | undefined {
  return Object.hasOwn(FINDINGS, code) ? FINDINGS[code as FindingCode] : undefined;
}
