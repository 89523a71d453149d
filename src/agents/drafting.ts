import { hintOf, type ToolDefinition } from "../toolservers/index.ts";
import { type NotedContract, type NotedGrant, quoted } from "./contract-file.ts";

/** The most tools that a contract lists. */
export const MOST_TOOLS = 500;

/** A tool as its server describes it. */
export interface DescribedTool {
  server: string;
  definition: ToolDefinition;
  /** Its server describes it otherwise than when it was pinned. */
  isChanged: boolean;
  /** What reads oddly in its description. */
  flags: readonly string[];
}

/** What stands above every contract that was written here. */
export const READ_IT_FIRST: readonly string[] = [
  "Read it before you apply it:",
  "- `effect: read` stands where the tool server itself calls a tool read-only: its own claim, which nothing proves.",
  "- A read is made without asking anybody, also in shadow runs, and may be repeated after a failure.",
  "- Everything else is a write, and each call of a write waits for a person.",
  "- Take out what the agent does not need: a tool that is not listed is blocked.",
  "`contracts apply FILE --dry-run` shows what it would change.",
];

/**
 * What to grant of a tool, from its server's word alone: a read where the server clearly says so, else a write that a
 * person approves. What is left out stays at its default.
 *
 * @param args what its arguments are to fit besides the tool's own schema
 */
export function draftGrant(
  { server, definition, isChanged, flags }: DescribedTool,
  args?: Readonly<Record<string, unknown>>,
): NotedGrant {
  const hint = hintOf(definition);
  const base = { server, tool: definition.name };
  const odd =
    flags.length > 0
      ? [`Look closely: what it says of itself was flagged (${flags.join(", ")}).`]
      : [];
  const about = definition.description
    ? [`${server}: ${quoted(definition.description)}`, ...odd]
    : odd;
  const changed = isChanged
    ? [
        "It has changed since it was pinned, and is blocked until somebody has looked at the change.",
      ]
    : [];
  const bound = args === undefined ? {} : { args };
  if (hint === "read_only") {
    return { grant: { ...base, effect: "read", ...bound }, notes: [...about, ...changed] };
  }
  const grant = { ...base, effect: "write", approval: "always", ...bound };
  const said =
    hint === "destructive"
      ? [`${server} says that it may destroy something.`]
      : [`${server} does not say that it only reads.`];
  return {
    grant: hint === "destructive" ? { ...grant, ask: { undoable: false } } : grant,
    notes: [...about, ...said, ...changed, ...(args ? [] : narrowing(definition))],
  };
}

const PLAIN_NAME = /^[A-Za-z_]\w{0,62}$/;

/** How the first free text among a write's arguments could be bound to a few values. */
function narrowing({ inputSchema }: ToolDefinition): string[] {
  const { properties, required } = inputSchema;
  if (!isObject(properties)) return [];
  const isFree = ([name, schema]: [string, unknown]) =>
    PLAIN_NAME.test(name) &&
    isObject(schema) &&
    schema.type === "string" &&
    !("enum" in schema || "const" in schema);
  const free = Object.entries(properties).filter(isFree);
  const isNeeded = ([name]: [string, unknown]) =>
    Array.isArray(required) && required.includes(name);
  const [name] = free.find(isNeeded) ?? free[0] ?? [];
  if (name === undefined) return [];
  return [
    `To allow some values only: args: { type: object, required: [${name}], properties: { ${name}: { enum: [a, b] } } }`,
  ];
}

/** `log-scout` is shown as `Log scout`. */
function displayName(agentId: string): string {
  const words = agentId.replaceAll(/[._-]+/g, " ").trim();
  return words === "" ? agentId : words[0]?.toUpperCase() + words.slice(1);
}

const FIRST_CALLS = 50;

/**
 * A first contract for an agent, from what one tool server lists.
 *
 * @param isReplacing whether the agent has an active contract already
 */
export function draftContract(
  agent: { projectId: string; agentId: string; isReplacing: boolean },
  server: string,
  tools: readonly DescribedTool[],
): NotedContract {
  const left = tools.length - MOST_TOOLS;
  const replacing = `${agent.agentId} has an active contract already; applying this one takes its place.`;
  const more = `${server} has ${left} more tools than the ${MOST_TOOLS} that a contract can list.`;
  return {
    projectId: agent.projectId,
    contractId: agent.agentId,
    notes: [
      `A first contract for the agent ${agent.agentId}, drafted from the tools that ${server} lists.`,
      ...READ_IT_FIRST,
      ...(agent.isReplacing ? [replacing] : []),
    ],
    body: {
      display_name: displayName(agent.agentId),
      driver: "client",
      limits: { calls: FIRST_CALLS },
    },
    limitNotes: ["What one run may use at most; cost_usd limits its money as well."],
    tools: tools.slice(0, MOST_TOOLS).map((tool) => draftGrant(tool)),
    endNotes: left > 0 ? [more] : [],
  };
}

function isObject(value: unknown): value is Record<string, unknown> {
  return value !== null && typeof value === "object" && !Array.isArray(value);
}
