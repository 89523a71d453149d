import type { ChildProcess } from "node:child_process";
import { setTimeout as pause } from "node:timers/promises";
import { ADMIN_KEY } from "../../test/support/awooop.ts";
import { type Connection, openConnection } from "../api/client.ts";
import { callOf } from "../gateway/sides.ts";
import type { Ground, Tool } from "./ground.ts";

/** One beginning of work, in milliseconds: from asking for it, and from hearing that it stands. */
export interface Sample {
  fromRequest: number;
  fromAnswer: number;
}

/** Something that is set going and begins. */
export interface Side {
  /** What is measured of it, in the order of time. */
  rows: readonly string[];
  /** Makes so many things ready to be set going. */
  prepare(count: number): Promise<void>;
  /** Its turn has come. */
  begin(): Promise<void>;
  /** A sample of each row. */
  next(): Promise<Sample[]>;
}

const POLL_MS = 20;
const PATIENCE_MS = 30_000;
let texts = 0;

export const RAW = "pg-boss send → work";
/** The run is taken up by a worker, which goes on with its step. */
export const TAKEN = "worker's run, taken up";
export const CALLED = "worker's run, its call";
export const HELD = "held call";

/** The job engine by itself. */
export function rawSide(child: ChildProcess): Side {
  return {
    rows: [RAW],
    async prepare() {},
    async begin() {},
    next: () =>
      new Promise((resolve) => {
        child.once("message", (sample) => resolve([sample as Sample]));
        child.send("send");
      }),
  };
}

interface Ready {
  text: string;
  runId: string;
  approvalId: string;
}

/**
 * @param ask makes a question about a text
 * @param between when what came before the call began, on this process's clock
 */
function approvalSide(
  rows: readonly string[],
  { ground, tool }: { ground: Ground; tool: Tool },
  ask: (text: string) => Promise<void>,
  between: (runId: string) => Promise<number[]> = async () => [],
): Side {
  let connection: Connection | undefined;
  const ready: Ready[] = [];
  return {
    rows,
    async prepare(count) {
      const asked = Array.from({ length: count }, () => `${rows.at(-1)} ${++texts}`);
      for (const text of asked) await ask(text);
      ready.push(...(await questionsAbout(ground, asked)));
    },
    async begin() {
      // The server has closed the one of its last turn meanwhile.
      connection?.close();
      connection = await openConnection(ground.server.url);
    },
    async next() {
      const question = ready.shift();
      if (!question || !connection) throw new Error("There is nothing to be decided.");
      const arrival = tool.arrival(question.text);
      const asked = performance.now();
      await approve(connection, question);
      const answered = performance.now();
      const called = await arrival;
      return [...(await between(question.runId)), called].map((at) => ({
        fromRequest: at - asked,
        fromAnswer: at - answered,
      }));
    },
  };
}

async function questionsAbout(ground: Ground, asked: readonly string[]): Promise<Ready[]> {
  const until = performance.now() + PATIENCE_MS;
  for (;;) {
    const questions = await ground.questions();
    if (asked.every((text) => questions.has(text))) {
      return asked.map((text) => {
        const { run_id = "", approval_id = "" } = questions.get(text) ?? {};
        return { text, runId: run_id, approvalId: approval_id };
      });
    }
    if (performance.now() > until) throw new Error("The questions were not asked.");
    await pause(POLL_MS);
  }
}

async function approve(connection: Connection, { runId, approvalId }: Ready): Promise<void> {
  const body = { project_id: "bench", decision: "approve", approval_id: approvalId };
  const { status, body: said } = await connection.ask({
    method: "POST",
    path: `/api/v1/approvals/${runId}/decide`,
    headers: { authorization: `Bearer ${ADMIN_KEY}` },
    body: JSON.stringify(body),
  });
  if (status !== 200) throw new Error(`deciding was answered with ${status}: ${said}`);
}

/** A runbook's call, which a worker makes. */
export function workerSide(at: { ground: Ground; tool: Tool }): Side {
  return approvalSide(
    [TAKEN, CALLED],
    at,
    (text) => at.ground.startRun(text),
    async (runId) => [await at.ground.takenUp(runId)],
  );
}

/** A call that the gateway holds for its client. */
export function heldSide(closers: (() => unknown)[], at: { ground: Ground; tool: Tool }) {
  const { server, key } = at.ground;
  return approvalSide([HELD], at, async (text) => {
    const connection = await openConnection(server.url);
    closers.push(() => connection.close());
    const { body = "", ...request } = callOf("wipe", { authorization: `Bearer ${key}` });
    const message = JSON.parse(body);
    message.params.arguments = { text };
    // Answered once it is decided about; a run of the benchmark that fails ends all of them.
    connection.ask({ ...request, body: JSON.stringify(message) }).then(
      () => connection.close(),
      () => undefined,
    );
  });
}
