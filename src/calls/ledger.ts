import { appendAudit } from "../audit/index.ts";
import {
  type Account,
  accountKey,
  countCalls,
  type Held,
  holdAccounts,
  type Reservation,
  reserve,
  settle,
} from "../budgets/index.ts";
import { askGates, type GateDecision } from "../gates/index.ts";
import { announce } from "../platform/database/changes.ts";
import { createGroupCommit } from "../platform/database/group-commit.ts";
import type { Database, Tx } from "../platform/database/index.ts";
import { later, onItsWay } from "../platform/database/pipelining.ts";
import { Unreachable } from "../platform/database/unreachable.ts";
import type { Logger } from "../platform/log.ts";
import { addCosts, holdRuns, type RunHead, touchClientRuns } from "../runs/index.ts";
import { holdFreezes, readProjectOfAgent } from "../tenants/index.ts";
import type { Begin, End, Entered, Item } from "./ledger-items.ts";
import { finishCalls, insertCalls, type LedgerRow, statusesOf } from "./ledger-rows.ts";
import { agentActor } from "./question.ts";

/** The record of calls, written for many at once; each answer is given when it is durable. */
export interface Ledger {
  begin(begin: Omit<Begin, "kind">): Promise<Entered>;
  end(end: Omit<End, "kind">): Promise<Entered>;
  idle(): Promise<void>;
}

/** A client's run shows that it lives with each call; that is written this often at the most. */
const TOUCHED_EVERY_MS = 10_000;

interface LedgerDeps {
  db: Database;
  log: Logger;
  /** How long a database that can't be reached is waited for, in milliseconds; as any group commit does by default. */
  patienceMs?: number;
}

export function createLedger({ db, ...given }: LedgerDeps): Ledger {
  const touched = new Map<string, number>();
  const dueToTouch = (items: readonly Item[]) => {
    const now = performance.now();
    if (touched.size > 10_000) touched.clear();
    const due = runsOf(items).filter(
      ({ runId }) => (touched.get(runId) ?? 0) < now - TOUCHED_EVERY_MS,
    );
    for (const { runId } of due) touched.set(runId, now);
    return due;
  };
  const groups = () =>
    createGroupCommit<Item, Entered>({
      ...given,
      commit(items, isRepeat) {
        return commitTogether(db, items, { touching: dueToTouch(items), isRepeat });
      },
    });
  // Apart from each other: what has ended does not wait for what is being decided, nor the other way round.
  const [begins, ends] = [groups(), groups()];
  return {
    begin: (begin) => begins.add({ kind: "begin", ...begin }),
    end: (end) => ends.add({ kind: "end", ...end }),
    async idle() {
      await begins.idle();
      await ends.idle();
    },
  };
}

const scopeOf = (items: readonly Item[]) =>
  ({ role: "app", projects: [...new Set(items.map(({ row }) => row.projectId))] }) as const;

/** Writes all of it in one transaction, which ends with the last that is written: nothing is waited for in between. */
async function commitTogether(
  db: Database,
  items: readonly Item[],
  { touching, isRepeat }: { touching: readonly Place[]; isRepeat: boolean },
): Promise<Entered[]> {
  const rows = items.map(({ row }) => row);
  let known: ReadonlyMap<string, string> = new Map();
  let entering: Promise<[Item, Entered][]> | undefined;
  const work = async (tx: Tx) => {
    if (isRepeat) known = await statusesOf(tx, rows);
    const left = items.filter((item) => !isWritten(item, known));
    entering = (await enterAll(tx, left, touching)).entered;
  };
  try {
    await db.transaction(scopeOf(items), work, { isSent: true });
  } catch (error) {
    // Why, the statement that failed knows better than the commit; but whether the database is there, only this says.
    if (!(error instanceof Unreachable)) await entering;
    throw error;
  }
  const entered = new Map(await entering);
  return items.map((item) => entered.get(item) ?? asWritten(item, known));
}

/** Whether an earlier try has written it, though nobody heard of it. */
function isWritten(item: Item, known: ReadonlyMap<string, string>): boolean {
  const status = known.get(item.row.callId);
  if (status === undefined) return false;
  return item.kind === "begin" || status !== "executing";
}

function asWritten(item: Item, known: ReadonlyMap<string, string>): Entered {
  const status = known.get(item.row.callId);
  if (item.kind === "end") return { kind: status === item.row.end.status ? "ended" : "lost" };
  // Of a call that was blocked in a transaction that nobody heard of, nobody knows why; nothing of it was sent.
  return status === "executing" ? { kind: "executing" } : { kind: "lost" };
}

interface Place {
  projectId: string;
  runId: string;
}

function runsOf(items: readonly Item[]): Place[] {
  const places = new Map(items.map(({ row }) => [row.runId, row]));
  return [...places.values()].map(({ projectId, runId }) => ({ projectId, runId }));
}

const costs = (item: Item) => item.amountUsd > 0;
/** Whether runs and budgets have to be held before it can be written: it is to be decided, or money moves. */
const mustBeHeld = (item: Item) => item.kind === "begin" || costs(item);

/**
 * Holds what has to be held, always in the same order; then decides and writes.
 *
 * @returns resolves once all is sent, `entered` once it has been written
 */
async function enterAll(
  tx: Tx,
  items: readonly Item[],
  touching: readonly Place[],
): Promise<{ entered: Promise<[Item, Entered][]> }> {
  if (items.length === 0) return { entered: Promise.resolve([]) };
  const begins = items.filter((item) => item.kind === "begin");
  const ends = items.filter((item) => item.kind === "end");
  // Where nothing is to be decided and no money moves, what is written holds by itself what it has to.
  const isHeld = items.some(mustBeHeld);
  const holding = isHeld ? hold(tx, items, touching) : undefined;
  // Where nothing is to be decided, nobody waits: what was sent before is done before.
  const decided = begins.length > 0 && holding ? decideAll(begins, await holding) : [];
  await holding?.sent;
  const touched = later(touchClientRuns(tx, touching));
  if (touching.length > 0) await onItsWay();
  const finished = later(writeAll(tx, { items, ends, decided }));
  // Where money moves, one thing is written once it is known what became of another.
  await (items.some(costs) ? finished : onItsWay());
  const written = Promise.all([finished, touched, holding]);
  const entered = written.then(([executing]) => [
    ...decided.map(({ begin, decision }): [Item, Entered] => [begin, enteredOf(decision)]),
    ...ends.map((end): [Item, Entered] => [
      end,
      { kind: end.hasBegun && !executing.has(end.row.callId) ? "lost" : "ended" },
    ]),
  ]);
  return { entered: later(entered) };
}

interface Entering {
  items: readonly Item[];
  ends: readonly End[];
  decided: readonly Decided[];
}

/** @returns those of the ended calls that were still executing */
async function writeAll(tx: Tx, { items, ends, decided }: Entering): Promise<Set<string>> {
  const counted = ends.filter(({ hasBegun }) => !hasBegun);
  const passed = decided.filter(({ decision }) => decision.decision === "pass");
  const changes = runsOf(items).map(({ projectId, runId }) => ({
    project_id: projectId,
    kind: "calls" as const,
    id: runId,
  }));
  // In this order, for they are sent as they are made.
  const [, finished] = await Promise.all([
    insertCalls(tx, [...decided.map(rowOf), ...counted.map(({ row }) => row)]),
    finishAll(tx, ends),
    reserve(tx, passed.map(reservationOf)),
    countCalls(tx, countsOf(counted)),
    auditWrites(
      tx,
      passed.map(({ begin }) => begin),
    ),
    announce(tx, changes),
  ]);
  return finished;
}

/**
 * Holds runs, then accounts, as everybody does, and reads what else a decision needs.
 *
 * @returns resolves with what was read; `sent`, as soon as all of it is on its way to the database
 */
function hold(
  tx: Tx,
  items: readonly Item[],
  touching: readonly Place[],
): Promise<HeldNow> & { sent: Promise<void> } {
  const begins = items.filter((item) => item.kind === "begin");
  const changing = items.filter((item) => item.kind === "begin" || costs(item));
  const deciding = [...new Set(begins.map(({ row }) => row.projectId))].sort();
  const unfrozen = later(Promise.all(deciding.map((projectId) => holdFreezes(tx, projectId))));
  const runs = later(holdRuns(tx, runsOf(items), [...changing.map(({ row }) => row), ...touching]));
  const accounts = onItsWay().then(
    () =>
      [
        later(holdAccounts(tx, items.flatMap(accountsToHold))),
        later(readProjects(tx, begins)),
      ] as const,
  );
  const sent = accounts.then(onItsWay);
  const held = (async (): Promise<HeldNow> => {
    const [holding, reading] = await accounts;
    const [, runsNow, accountsNow, projects] = await Promise.all([
      unfrozen,
      runs,
      holding,
      reading,
    ]);
    return { runs: runsNow, held: accountsNow, projects };
  })();
  return Object.assign(later(held), { sent });
}

function reservationOf({ begin, held }: Decided): Reservation {
  const { row, amountUsd } = begin;
  const { projectId, runId, callId } = row;
  return { projectId, runId, callId, amountUsd, held };
}

/** What was not in the record before its end has no limits, and counts for its run alone. */
function countsOf(ends: readonly End[]) {
  return [...Map.groupBy(ends, ({ row }) => row.runId)].map(([runId, [first, ...more]]) => ({
    projectId: first?.row.projectId ?? "",
    runId,
    calls: 1 + more.length,
  }));
}

/** An end moves money only where there is some. */
function accountsToHold(item: Item): readonly Account[] {
  if (item.kind === "end" && !costs(item)) return item.hasBegun ? [] : item.accounts;
  return item.accounts;
}

type ProjectOfAgent = NonNullable<Awaited<ReturnType<typeof readProjectOfAgent>>>;

const projectAndAgent = ({ row, agentId }: Begin) => `${row.projectId} ${agentId}`;

/** The projects of calls that are about to begin, with what stops the agents that make them. */
async function readProjects(
  tx: Tx,
  begins: readonly Begin[],
): Promise<Map<string, ProjectOfAgent>> {
  const pairs = new Map(begins.map((begin) => [projectAndAgent(begin), begin]));
  const found = await Promise.all(
    [...pairs].map(
      async ([name, { row, agentId }]) =>
        [name, await readProjectOfAgent(tx, row.projectId, agentId)] as const,
    ),
  );
  return new Map(found.flatMap(([name, project]) => (project ? [[name, project]] : [])));
}

interface Decided {
  begin: Begin;
  decision: GateDecision;
  held: Held[];
}

interface HeldNow {
  runs: ReadonlyMap<string, RunHead>;
  held: Awaited<ReturnType<typeof holdAccounts>>;
  projects: ReadonlyMap<string, ProjectOfAgent>;
}

/** Asks the gates about each call, one after the other: each counts for those behind it. */
function decideAll(begins: readonly Begin[], { runs, held, projects }: HeldNow): Decided[] {
  const used = new Map([...held].map(([key, { usage }]) => [key, usage] as const));
  return begins.map((begin) => {
    const { row, facts, accounts, amountUsd } = begin;
    const run = runs.get(row.runId);
    const mine = accounts.flatMap((account) => held.get(accountKey(account)) ?? []);
    const budget = mine.map(({ account, usage }) => ({
      account,
      usage: used.get(accountKey(account)) ?? usage,
    }));
    const decision = begin.isUnderWay
      ? passedBefore(row)
      : askGates(
          { server: row.server ?? "", tool: row.tool },
          {
            ...facts,
            project: projects.get(projectAndAgent(begin)) ?? facts.project,
            run: { ...facts.run, state: run?.state ?? "cancelled" },
            budget,
          },
        );
    if (decision.decision === "pass") {
      for (const { account, usage } of budget) {
        used.set(accountKey(account), {
          calls: usage.calls + 1,
          costUsd: usage.costUsd + amountUsd,
        });
      }
    }
    return { begin, decision, held: mine };
  });
}

function passedBefore({ verdicts }: LedgerRow): GateDecision {
  const last = verdicts.at(-1);
  if (!last) throw new RangeError("a call under way has passed the gates");
  return { decision: "pass", verdicts: [...verdicts], last };
}

function rowOf({ begin: { row }, decision: { decision, verdicts } }: Decided): LedgerRow {
  return { ...row, verdicts, status: decision === "pass" ? "executing" : "blocked" };
}

function enteredOf(decision: GateDecision): Entered {
  return decision.decision === "pass" ? { kind: "executing" } : { kind: "blocked", decision };
}

/** Writes the ends of calls that have a row, settles their money and adds it to their runs. */
async function finishAll(tx: Tx, ends: readonly End[]): Promise<Set<string>> {
  const begun = ends.filter(({ hasBegun }) => hasBegun);
  const paid = begun.filter(costs);
  const finished = finishCalls(
    tx,
    begun.map(({ row }) => row),
  );
  if (paid.length === 0) return finished;
  const executing = await finished;
  // Whoever declared the others lost has settled their money as well.
  const mine = paid.filter(({ row }) => executing.has(row.callId));
  const spent = await settle(
    tx,
    mine.map(({ row: { projectId, callId }, money }) => ({ projectId, callId, how: money })),
  );
  await addCosts(
    tx,
    mine.map(({ row: { projectId, runId, callId } }) => ({
      projectId,
      runId,
      costUsd: spent.get(callId) ?? 0,
    })),
  );
  return executing;
}

async function auditWrites(tx: Tx, begins: readonly Begin[]): Promise<void> {
  const writes = begins.filter(({ row }) => row.effect === "write");
  await appendAudit(
    tx,
    writes.map(({ row, agentId }) => ({
      projectId: row.projectId,
      actor: agentActor(agentId),
      action: "call.execute",
      subject: { kind: "call", id: row.callId },
      details: {
        run_id: row.runId,
        server: row.server,
        tool: row.tool,
        args_hash: row.argsHash,
        approval_id: null,
      },
    })),
  );
}
