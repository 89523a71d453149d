import type { AgentBody } from "./agent-body.ts";

/** A place in a body that names something else, relative to the body. */
export interface Reference {
  path: (string | number)[];
  name: string;
}

/** The tool servers an agent's body names: those of its tools, those it observes or reads from, and those its runbook calls. */
export function serversNamed(body: AgentBody): Reference[] {
  const granted = body.tools.map((grant, at) => ({
    path: ["tools", at, "server"],
    name: grant.server,
  }));
  const called = (body.runbook?.steps ?? []).flatMap((step, at) =>
    "call" in step
      ? [{ path: ["runbook", "steps", at, "call", "server"], name: step.call.server }]
      : [],
  );
  const observed = (body.observe?.servers ?? []).map((name, at) => ({
    path: ["observe", "servers", at],
    name,
  }));
  const read = (["resources", "prompts"] as const).flatMap((list) =>
    (body[list] ?? []).map(({ server }, at) => ({ path: [list, at, "server"], name: server })),
  );
  return [...granted, ...observed, ...read, ...called];
}

/** The channels an agent's body names: those that start it, that it tells about itself, that its runbook writes to. */
export function channelsNamed(body: AgentBody): Reference[] {
  const triggers = body.triggers.map((trigger, at) => ({
    path: ["triggers", at, "channel"],
    name: trigger.channel,
  }));
  const notified = body.notify.map((name, at) => ({ path: ["notify", at], name }));
  const told = body.tools.flatMap(({ ask }, tool) =>
    (ask?.escalate ?? []).flatMap(({ channels = [] }, step) =>
      channels.map((name, at) => ({
        path: ["tools", tool, "ask", "escalate", step, "channels", at],
        name,
      })),
    ),
  );
  const written = (body.runbook?.steps ?? []).flatMap((step, at) =>
    "message" in step
      ? [{ path: ["runbook", "steps", at, "message", "channel"], name: step.message.channel }]
      : [],
  );
  return [...triggers, ...notified, ...told, ...written];
}

/** `secret:NAME`, alone or after one word as in `Bearer secret:NAME`. */
const SECRET = /^(?:\S+ )?secret:([A-Za-z][A-Za-z0-9_.-]{0,127})$/;

/** The names of the secrets a body refers to, each once, sorted. */
export function secretsNamed(body: unknown): string[] {
  return [...new Set(texts(body).flatMap((text) => SECRET.exec(text)?.[1] ?? []))].sort();
}

function texts(value: unknown): string[] {
  if (typeof value === "string") return [value];
  return value !== null && typeof value === "object" ? Object.values(value).flatMap(texts) : [];
}
