import type { AgentBody } from "../contracts/index.ts";
import { AppError } from "../platform/errors.ts";
import type { ToolServerPool, ToolServerRef, UpstreamError } from "../toolservers/index.ts";
import type { Offers } from "./offers.ts";

/** Resources whose tool servers tell of their updates, each subscribed to once however many clients want it. */
export interface Subscriptions {
  /**
   * @returns how to stop
   * @throws AppError E-CONTRACT-TOOL when the contract does not grant the resource, or the tool server's refusal
   */
  open(projectId: string, agent: AgentBody, uri: string): Promise<() => void>;
}

/**
 * How often a subscription is made anew: the connection that it was made on may have ended, and one that nothing is
 * asked on would be closed.
 */
const RENEW_MS = 240_000;
const MAX_OPEN = 10_000;

interface Open {
  users: number;
  timer: NodeJS.Timeout;
}

export function createSubscriptions(
  pool: ToolServerPool,
  offers: Pick<Offers, "target" | "refs">,
): Subscriptions {
  const open = new Map<string, Open>();

  function stop(key: string, ref: ToolServerRef, uri: string): void {
    const known = open.get(key);
    if (!known) return;
    known.users -= 1;
    if (known.users > 0) return;
    clearInterval(known.timer);
    open.delete(key);
    void pool.ask(ref, "resources/unsubscribe", { uri });
  }

  return {
    async open(projectId, agent, uri) {
      const target = await offers.target(projectId, agent, "resources/read", { uri });
      const [ref] = target ? await offers.refs(projectId, [target.server]) : [];
      if (!ref) {
        const words = `The contract does not list the resource ${uri.slice(0, 200)}.`;
        throw new AppError("E-CONTRACT-TOOL", words);
      }
      const key = `${projectId} ${ref.serverId} ${uri}`;
      const known = open.get(key);
      if (known) known.users += 1;
      else {
        if (open.size >= MAX_OPEN)
          throw new AppError("E-RATE", "There are too many subscriptions already.");
        const answer = await pool.ask(ref, "resources/subscribe", { uri });
        if (answer.kind !== "result") throw refusal(answer);
        const renew = () => void pool.ask(ref, "resources/subscribe", { uri });
        open.set(key, { users: 1, timer: setInterval(renew, RENEW_MS).unref() });
      }
      let isStopped = false;
      return () => {
        if (!isStopped) stop(key, ref, uri);
        isStopped = true;
      };
    },
  };
}

function refusal(answer: UpstreamError | { kind: "input_required" }): AppError {
  if (answer.kind === "input_required")
    return new AppError("E-UPSTREAM-PROTOCOL", "The tool server wants to know more first.");
  return new AppError(answer.code, answer.message);
}
