/**
 * Verifies the record of a decision with public keys alone, and tells it in words.
 *
 *   node verify.ts record.json jwks.json
 *
 * Needs Node 24 and nothing else: no server, no database, no package. Exits with 1 when anything does not hold.
 */
import { createHash, createPublicKey, type JsonWebKey, verify } from "node:crypto";
import { readFileSync } from "node:fs";

type Key = JsonWebKey & { kid?: string; iat?: number; exp?: number };
type Signed = { payload: unknown; protected: unknown; signature: unknown };
type Text = string | null;
type Actor = { kind: string; id: string };

/** The parts of a record that are looked at here. */
interface DecisionRecord {
  schema: string;
  recorded_at: string;
  status: string;
  question: Record<
    | ("approval_id" | "project_id" | "run_id" | "agent_id" | "call_key" | "server" | "tool")
    | ("effect" | "rule" | "asked_at" | "expires_at"),
    string
  > & { void_reason: Text };
  arguments: { asked: unknown; edited: unknown; asked_hash: string; approved_hash: Text };
  contract: { contract_id: string; version: string; revision_id: string; body_hash: string };
  decisions: {
    decision_id: string;
    decision: string;
    actor: Actor;
    at: string;
    surface: string;
    reason: Text;
    counted: boolean | null;
    allowed_by: { role: string; group: Text; delegated_by: Text; separation: boolean } | null;
    seen: { headline?: string } | null;
    seen_hash: Text;
    args_hash_confirmed: boolean | null;
  }[];
  approval: {
    jti: string;
    token: string;
    redeem_by: string;
    redemption: { at: string; call_id: string; args_hash: Text } | null;
  } | null;
  calls: { call_id: string; part: string; made_at: string; block_code: Text }[];
  outcome: { status: Text; result_hash: Text; ended_at: Text } | null;
  events: { at: string; action: string; actor: Actor }[];
}

type Decision = DecisionRecord["decisions"][number];

/** What an approval's token says. */
interface Claims {
  sub: string;
  jti: string;
  redeem_by?: string;
  call: Record<"projectId" | "runId" | "callKey" | "server" | "tool" | "argsHash", string> & {
    contractHash: string;
    revisionId?: string;
  };
}

const RECORD_TYPE = "awooop-decision-record+jws";
const TOKEN_TYPE = "awooop-approval+jwt";
const SCHEMA = "awooop-decision-record/1";

function demand(holds: boolean, otherwise: string): asserts holds {
  if (!holds) throw new Error(otherwise);
}

/** Only the one spelling of base64url: else another byte could stand there for the same signature. */
function decoded(part: unknown, name: string): Buffer {
  demand(typeof part === "string", `${name} is not a text`);
  const bytes = Buffer.from(part, "base64url");
  demand(bytes.toString("base64url") === part, `${name} is not base64url as it is written`);
  return bytes;
}

const parsed = <T>(bytes: Buffer): T => JSON.parse(bytes.toString("utf8")) as T;

/** Canonical JSON (RFC 8785): keys in the order of their UTF-16 code units, numbers as JavaScript writes them. */
function canonical(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonical).join(",")}]`;
  if (typeof value !== "object" || value === null) return JSON.stringify(value);
  const members = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0));
  return `{${members.map(([key, part]) => `${JSON.stringify(key)}:${canonical(part)}`).join(",")}}`;
}

const sha256 = (text: string) => createHash("sha256").update(text).digest("hex");

/** Checks one signature (Ed25519) and answers with the key that made it. */
function checkSignature(signed: Signed, keys: readonly Key[], type: string): Key {
  const header = parsed<{ alg?: string; typ?: string; kid?: string }>(
    decoded(signed.protected, "the header"),
  );
  demand(header.alg === "EdDSA" && header.typ === type, "the header is not that of a record");
  const key = keys.find(({ kid }) => kid === header.kid);
  demand(key !== undefined, `there is no public key ${header.kid}`);
  const data = Buffer.from(`${signed.protected}.${signed.payload}`);
  const signature = decoded(signed.signature, "the signature");
  const holds = verify(null, data, createPublicKey({ key, format: "jwk" }), signature);
  demand(holds, "the signature does not hold");
  return key;
}

/** A key is good for what it has signed while it was the one that signs. */
function checkTime(key: Key, at: string): void {
  const second = Date.parse(at) / 1_000;
  demand(key.iat === undefined || second >= key.iat - 1, "it was signed before its key was made");
  demand(key.exp === undefined || second <= key.exp + 1, "it was signed after its key was retired");
}

/** What was signed when the approval was given has to be what the record says, and what was executed. */
function checkApproval(
  { approval, question, arguments: args, contract }: DecisionRecord,
  keys: Key[],
): void {
  if (approval === null) return;
  const [head, payload, signature] = approval.token.split(".");
  checkSignature({ protected: head, payload, signature }, keys, TOKEN_TYPE);
  const claims = parsed<Claims>(decoded(payload, "the approval"));
  const bound: [unknown, unknown][] = [
    [claims.sub, question.approval_id],
    [claims.jti, approval.jti],
    [claims.call.projectId, question.project_id],
    [claims.call.runId, question.run_id],
    [claims.call.callKey, question.call_key],
    [claims.call.server, question.server],
    [claims.call.tool, question.tool],
    [claims.call.argsHash, args.approved_hash],
    [claims.call.revisionId ?? contract.revision_id, contract.revision_id],
    [claims.call.contractHash, contract.body_hash],
    [claims.redeem_by ?? approval.redeem_by, approval.redeem_by],
  ];
  demand(
    bound.every(([signed, said]) => signed === said),
    "the approval was signed for another call than the record tells of",
  );
  const { redemption } = approval;
  if (redemption === null) return;
  demand(
    (redemption.args_hash ?? args.approved_hash) === args.approved_hash,
    "other arguments were executed than were approved",
  );
  demand(
    Date.parse(redemption.at) <= Date.parse(approval.redeem_by),
    "the approval was used after its time",
  );
}

/** What a decider was shown is kept aside and may have been erased; where it is there, it has to be that. */
function checkSeen({ decision_id, seen, seen_hash }: Decision): void {
  if (seen === null) return;
  demand(sha256(canonical(seen)) === seen_hash, `what was seen for ${decision_id} was changed`);
}

function seenInWords({ seen, seen_hash, args_hash_confirmed }: Decision): string {
  if (seen_hash === null) return "what was shown was not kept";
  const shown =
    seen === null
      ? `what was shown has been erased (SHA-256 ${seen_hash})`
      : `shown: ${seen.headline}`;
  const confirmed = args_hash_confirmed
    ? "their client named the arguments it had shown"
    : "their client did not say which arguments it had shown";
  return `${shown}; ${confirmed}`;
}

function ruleInWords(rule: Decision["allowed_by"]): string {
  if (rule === null) return "the rule that allowed it was not kept";
  const { role, group, delegated_by, separation } = rule;
  return [
    `allowed by the role ${role}`,
    ...(group === null ? [] : [`as one of the group ${group}`]),
    ...(delegated_by === null ? [] : [`on a right that ${delegated_by} had lent`]),
    `the rules that need a second person were ${separation ? "on" : "off"}`,
  ].join("; ");
}

function decisionInWords(decision: Decision): string {
  const { actor, at, surface, reason, counted } = decision;
  const said = reason ? `, saying “${reason}”` : "";
  const void_ = counted === false ? " (not counted)" : "";
  return [
    `${at}  ${actor.id} decided ${decision.decision} in the ${surface}${said}${void_}`,
    `    ${ruleInWords(decision.allowed_by)}`,
    `    ${seenInWords(decision)}`,
  ].join("\n");
}

function outcomeInWords({ approval, outcome, status, question }: DecisionRecord): string[] {
  if (approval === null)
    return [
      `Nothing was executed: the question is ${status}${question.void_reason ? ` (${question.void_reason})` : ""}.`,
    ];
  if (approval.redemption === null)
    return [`Nothing was executed so far; it may be until ${approval.redeem_by}.`];
  const { at, call_id } = approval.redemption;
  const result =
    outcome?.result_hash == null ? "" : `, its result has SHA-256 ${outcome.result_hash}`;
  const end = outcome?.ended_at == null ? "" : ` at ${outcome.ended_at}`;
  return [
    `${at}  executed as call ${call_id}`,
    `    it ended as ${outcome?.status}${end}${result}`,
  ];
}

/** The record in words, once everything in it holds. */
function tell(record: DecisionRecord, kid: string): string {
  const { question, arguments: args, contract, decisions, calls } = record;
  const refused = calls.filter(({ part }) => part === "refused");
  const told = new Set(["run.approval.ask"]);
  return [
    `The record holds. It was signed by key ${kid} at ${record.recorded_at}.`,
    "",
    `${question.agent_id} of ${question.project_id} wanted to call ${question.server}/${question.tool} (${question.effect}).`,
    `    ${question.rule}`,
    `    contract ${contract.contract_id} ${contract.version}, SHA-256 ${contract.body_hash}`,
    `    asked for with ${JSON.stringify(args.asked)}`,
    `    exact bytes: SHA-256 ${args.asked_hash}`,
    ...(args.edited === null
      ? []
      : [
          `    edited to ${JSON.stringify(args.edited)}`,
          `    exact bytes: SHA-256 ${args.approved_hash}`,
        ]),
    `${question.asked_at}  asked; to be decided until ${question.expires_at}`,
    ...record.events
      .filter(({ action }) => !told.has(action))
      .map(({ at, action, actor }) => `${at}  ${action} by ${actor.id}`),
    ...decisions.map(decisionInWords),
    ...outcomeInWords(record),
    ...refused.map(
      ({ made_at, block_code, call_id }) => `${made_at}  refused call ${call_id}: ${block_code}`,
    ),
  ].join("\n");
}

/**
 * Checks a record, as it stands in its file, with public keys as they stand in the key set.
 *
 * @returns the record in words
 * @throws Error saying what does not hold
 */
export function verifyRecord(text: string, keys: Key[]): string {
  const signed = JSON.parse(text) as Signed;
  // Nothing but what is signed may stand in the file: the three members as they are written, on one line or spread out.
  const { payload, protected: header, signature } = signed;
  const whole = { payload, protected: header, signature };
  const spellings = [JSON.stringify(whole), JSON.stringify(whole, null, 2)];
  demand(
    spellings.some((spelling) => text === spelling || text === `${spelling}\n`),
    "the file holds something else than a signed record",
  );
  const key = checkSignature(signed, keys, RECORD_TYPE);
  const record = parsed<DecisionRecord>(decoded(payload, "the record"));
  demand(record.schema === SCHEMA, `the record's form is ${record.schema}, not ${SCHEMA}`);
  checkTime(key, record.recorded_at);
  checkApproval(record, keys);
  for (const decision of record.decisions) checkSeen(decision);
  return tell(record, key.kid ?? "");
}

function main([recordFile, keysFile]: readonly string[]): void {
  try {
    demand(
      recordFile !== undefined && keysFile !== undefined,
      "usage: node verify.ts record.json jwks.json",
    );
    const { keys } = JSON.parse(readFileSync(keysFile, "utf8")) as { keys: Key[] };
    console.log(verifyRecord(readFileSync(recordFile, "utf8"), keys));
  } catch (error) {
    console.error(`This is no valid record: ${(error as Error).message}.`);
    process.exitCode = 1;
  }
}

if (import.meta.main) main(process.argv.slice(2));
