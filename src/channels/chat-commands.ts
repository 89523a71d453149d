import { readQuestions } from "../approvals/index.ts";
import { type Caller, callerOfChat, linkChat, requireRole, unlinkChat } from "../identity/index.ts";
import { AppError } from "../platform/errors.ts";
import { redact } from "../platform/redact.ts";
import { cancelRun, type RunState, runOfCaller } from "../runs/index.ts";
import { readProject } from "../tenants/index.ts";
import {
  COUNT_MAX,
  countOpenRuns,
  LIST_MAX,
  newestRuns,
  oldestQuestions,
  runsNamed,
} from "./chat-queries.ts";
import type { ChatRate } from "./chat-rate.ts";
import { recordRefusal } from "./chat-refusals.ts";
import type { ChatDeps, ChatPlace, ChatReply, ChatUser, Language } from "./chat-types.ts";
import { chatWords, minuteOf } from "./chat-words.ts";
import { runLink } from "./run-link.ts";

/** A command as it was sent. */
export interface ChatCommand {
  name: string;
  rest: string;
}

const COMMAND = /^\/([a-z_]{1,32})(?:@\S{1,64})?(?:\s+([\s\S]*))?$/i;
const TEXT_MAX = 4_096;

/** Reads a command; undefined for what is none. */
export function readCommand(text: string): ChatCommand | undefined {
  const trimmed = text.trim();
  const [, name, rest = ""] = trimmed.length > TEXT_MAX ? [] : (COMMAND.exec(trimmed) ?? []);
  return name === undefined ? undefined : { name: name.toLowerCase(), rest: rest.trim() };
}

/** Who sent a command, and how they are answered. */
export interface Commanding {
  user: ChatUser;
  place: ChatPlace;
  language: Language;
  /** Of codes that were wrong. */
  guesses: ChatRate;
}

/** Answers a command, with the rights that its sender has at this moment, in the channel's project and no other. */
export async function runCommand(
  deps: ChatDeps,
  by: Commanding,
  command: ChatCommand | undefined,
): Promise<ChatReply> {
  const { user, language } = by;
  const isLink = command?.name === "link" || command?.name === "start";
  if (isLink && command.rest !== "") return link(deps, by, command.rest);
  if (command?.name === "link") return { text: chatWords("link_needed", language) };
  if (command?.name === "start" || command?.name === "help")
    return { text: chatWords("help", language) };
  if (command?.name === "unlink") {
    const wasLinked = await unlinkChat(deps.db, user);
    return { text: chatWords(wasLinked ? "unlinked_now" : "no_link", language) };
  }
  const act = command && Object.hasOwn(ACTS, command.name) ? ACTS[command.name] : undefined;
  if (!command || !act)
    return { text: `${chatWords("unknown_command", language)}\n${chatWords("help", language)}` };
  const caller = await callerOfChat(deps.db, user);
  if (!caller) {
    await recordRefusal(deps.db, user, by.place, { code: "E-CHAT-UNLINKED" });
    return { text: chatWords("unlinked", language) };
  }
  return { text: await act(deps, { ...by, caller }, command.rest) };
}

async function link(
  { db }: ChatDeps,
  { user, place, language, guesses }: Commanding,
  code: string,
): Promise<ChatReply> {
  const who = `${user.projectId} ${user.channelType} ${user.userId}`;
  const seconds = guesses.wait(who);
  if (seconds > 0) return { text: chatWords("too_many", language, { seconds }) };
  const made = await linkChat(db, user, code);
  if (made) {
    const params = { member: made.member_id, project: made.project_id };
    return { text: chatWords("linked", language, params) };
  }
  guesses.count(who);
  await recordRefusal(db, user, place, { code: "E-CHAT-LINK" });
  return { text: chatWords("link_wrong", language) };
}

type Act = (deps: ChatDeps, by: Commanding & { caller: Caller }, rest: string) => Promise<string>;

const ACTS: Record<string, Act> = { status, runs, approvals, cancel };

const scopeIn = ({ projectId }: ChatUser) => ({ role: "app", projects: [projectId] }) as const;

async function status({ db }: ChatDeps, { user, language }: Commanding): Promise<string> {
  const { project, counts } = await db.transaction(scopeIn(user), async (tx) => ({
    project: await readProject(tx, user.projectId),
    counts: await countOpenRuns(tx, user.projectId),
  }));
  if (!project) return chatWords("no_project", language);
  const shown = (count: number) => (count > COUNT_MAX ? `${COUNT_MAX}+` : count);
  return chatWords("status", language, {
    project: project.project_id,
    mode: chatWords(`mode_${project.migration_mode}`, language),
    active: chatWords(project.is_active ? "is_active" : "is_inactive", language),
    running: shown(counts.running),
    waiting: shown(counts.waiting),
    pending: shown(counts.pending),
  });
}

const TITLE_MAX = 80;

/** One line of a text that others wrote, without secrets. */
function titleOf(text: string): string {
  const points = [...redact(text).replace(/\s+/g, " ").trim()];
  return points.length <= TITLE_MAX
    ? points.join("")
    : `${points.slice(0, TITLE_MAX - 1).join("")}…`;
}

/** As much of each id as tells them apart: at least the moment, of which it is made. */
export function shortIds(ids: readonly string[]): Map<string, string> {
  const isUnique = (length: number) =>
    new Set(ids.map((id) => id.slice(0, length))).size === new Set(ids).size;
  let length = 13;
  while (length < 36 && !isUnique(length)) length += 1;
  return new Map(ids.map((id) => [id, id.slice(0, length)]));
}

function stateIn(state: string, language: Language): string {
  return chatWords(`state_${state as RunState}`, language);
}

async function runs(deps: ChatDeps, { user, language }: Commanding): Promise<string> {
  const found = await deps.db.transaction(scopeIn(user), (tx) => newestRuns(tx, user.projectId));
  if (found.length === 0) return chatWords("no_runs", language);
  const shown = found.slice(0, LIST_MAX);
  const short = shortIds(shown.map(({ run_id }) => run_id));
  const lines = shown.map(
    ({ run_id, agent_id, state, title }) =>
      `${short.get(run_id)} ${stateIn(state, language)}, ${agent_id}: ${titleOf(title)}\n${runLink(deps.publicUrl, user.projectId, run_id)}`,
  );
  return listed(deps, lines, found.length > LIST_MAX, language);
}

async function approvals(
  deps: ChatDeps,
  { user, language, caller }: Commanding & { caller: Caller },
): Promise<string> {
  const { more, questions } = await deps.db.transaction(
    scopeIn(user),
    async (tx) => {
      const found = await oldestQuestions(tx, user.projectId);
      const shown = found.slice(0, LIST_MAX);
      const read = await readQuestions(tx, shown, language, caller);
      const byId = new Map(read.map((question) => [question.approval_id, question]));
      return {
        more: found.length > LIST_MAX,
        questions: shown.flatMap(({ approval_id }) => byId.get(approval_id) ?? []),
      };
    },
    { snapshot: true },
  );
  if (questions.length === 0) return chatWords("no_questions", language);
  const lines = questions.map(({ headline, agent_id, expires_at, run_id }) => {
    const until = chatWords("until", language, { time: minuteOf(expires_at) });
    return `${titleOf(headline)} (${agent_id}, ${until})\n${runLink(deps.publicUrl, user.projectId, run_id)}`;
  });
  return listed(deps, lines, more, language);
}

function listed(
  { publicUrl }: ChatDeps,
  lines: readonly string[],
  hasMore: boolean,
  language: Language,
): string {
  const link = `${publicUrl.replace(/\/+$/, "")}/`;
  return [...lines, ...(hasMore ? [chatWords("more", language, { link })] : [])].join("\n");
}

const REASON_MAX = 2_000;

async function cancel(
  { db, effects }: ChatDeps,
  { user, language, caller }: Commanding & { caller: Caller },
  rest: string,
): Promise<string> {
  const [named = "", ...words] = rest.split(/\s+/);
  const digits = named.replaceAll("-", "").toLowerCase();
  if (!/^[0-9a-f]{8,32}$/.test(digits)) return chatWords("cancel_usage", language);
  const given = words.join(" ").slice(0, REASON_MAX).toWellFormed().replaceAll("\0", "\ufffd");
  const reason = given === "" ? chatWords("from_chat", language) : given;
  try {
    requireRole(caller, "operator");
    return await db.transaction(scopeIn(user), async (tx) => {
      const [runId, another] = await runsNamed(tx, user.projectId, digits);
      const run = titleOf(named);
      if (runId === undefined) return chatWords("cancel_unknown", language, { run });
      if (another !== undefined) return chatWords("cancel_many", language, { run });
      const held = await runOfCaller(tx, caller, runId, user.projectId);
      await cancelRun(tx, effects, held, { actor: caller.actor, reason });
      return chatWords("cancelled", language, { run, title: titleOf(held.title) });
    });
  } catch (error) {
    if (!(error instanceof AppError)) throw error;
    if (error.code === "E-FORBIDDEN")
      return chatWords("needs_operator", language, { role: caller.role });
    if (error.code === "E-RUN-STATE") return chatWords("run_over", language);
    return chatWords("not_possible", language, { code: error.code });
  }
}
