import { z } from "zod";
import { AppError, type FieldError, fieldError } from "../../platform/errors.ts";
import { type BodyKind, fieldErrors } from "../../platform/http/index.ts";
import { parseJson, readUtf8 } from "../json-body.ts";

const id = z.string().regex(/^[A-Z0-9]{2,32}$/, "must be an id of Slack's");
const ts = z.string().regex(/^\d{1,20}\.\d{1,20}$/, "must be a timestamp of Slack's");
const words = z.string().max(65_536);
const name = z.string().max(1_024);
const token = z.string().min(1).max(1_024);

const event = z.looseObject({
  type: name,
  subtype: name.optional(),
  channel: id.optional(),
  /** `im` for a person's own chat with the app. */
  channel_type: name.optional(),
  user: id.optional(),
  bot_id: z.string().nullish(),
  text: words.optional(),
  ts: ts.optional(),
  thread_ts: ts.optional(),
  /** Of whoever wrote it, where the conversation is shared. */
  team: id.nullish(),
  user_team: id.nullish(),
});
export type SlackEvent = z.infer<typeof event>;

/** The Events API (docs.slack.dev/apis/events-api); of events that do not concern us only the type is looked at. */
const envelope = z.looseObject({
  type: z.literal("event_callback"),
  team_id: id,
  event_id: z.string().regex(/^[\w.-]{1,128}$/, "must be an id of Slack's"),
  event: z.looseObject({ type: name }),
  authorizations: z
    .array(z.looseObject({ user_id: id.nullish(), is_bot: z.boolean().nullish() }))
    .max(100)
    .optional(),
});

const verification = z.looseObject({ challenge: z.string().min(1).max(1_024) });

const person = z.looseObject({
  id,
  team_id: id.nullish(),
  username: name.nullish(),
  name: name.nullish(),
});
const team = z.looseObject({ id }).nullish();

/** A button was pressed (docs.slack.dev/reference/interaction-payloads/block_actions-payload). */
const press = z.looseObject({
  type: z.literal("block_actions"),
  team,
  user: person,
  trigger_id: token,
  channel: z.looseObject({ id }).optional(),
  message: z.looseObject({ ts, thread_ts: ts.optional() }).optional(),
  actions: z
    .array(z.looseObject({ type: name, value: z.string().max(2_000).optional() }))
    .min(1)
    .max(25),
});

/** A question's form came back (docs.slack.dev/reference/interaction-payloads/view-interactions-payload). */
const submission = z.looseObject({
  type: z.literal("view_submission"),
  team,
  user: person,
  view: z.looseObject({
    callback_id: z.string().max(255).optional(),
    private_metadata: z.string().max(3_000).optional(),
    state: z.looseObject({
      values: z.record(
        z.string().max(255),
        z.record(z.string().max(255), z.looseObject({ value: words.nullish() })),
      ),
    }),
  }),
});

/** A slash command (docs.slack.dev/interactivity/implementing-slash-commands). */
const command = z.looseObject({
  command: z.string().regex(/^\/\S{1,100}$/),
  text: words.default(""),
  team_id: id,
  user_id: id,
  user_name: name.default(""),
  channel_id: id,
  trigger_id: token.optional(),
});

/** What is wrong now is wrong an hour later (docs.slack.dev/apis/events-api, "Turning retries off"). */
export const NO_RETRY = { "x-slack-no-retry": "1" };

type Press = z.infer<typeof press>;
type Submission = z.infer<typeof submission>;
type Command = z.infer<typeof command>;

/** Something was said. */
interface Said {
  team_id: string;
  event_id: string;
  event: SlackEvent;
  /** The user that the app's bot is. */
  botId: string | undefined;
}

/** A request of Slack's, by what it is about. */
export type SlackRequest =
  | { kind: "said"; said: Said }
  | { kind: "press"; press: Press }
  | { kind: "submission"; submission: Submission }
  | { kind: "command"; command: Command }
  /** Slack asks whether this is the address that its app's owner says it is. */
  | { kind: "challenge"; challenge: string }
  /** What there is nothing to do about. */
  | { kind: "other"; type: string };

const typed = z.looseObject({ type: name });
const SAID = ["message", "app_mention"];

/** @throws AppError E-HOOK-PAYLOAD naming every wrong field */
export function readRequest(kind: BodyKind, body: Buffer): SlackRequest {
  if (kind === "json") return readEvents(parseJson(body, "body"));
  const fields = formOf(body);
  // Slack looks now and then whether a command's address is served.
  if (fields.ssl_check !== undefined) return { kind: "other", type: "ssl_check" };
  if (fields.payload === undefined)
    return { kind: "command", command: checked(command, fields, "body") };
  return readInteraction(parseJson(Buffer.from(fields.payload), "body.payload"));
}

function readEvents(body: unknown): SlackRequest {
  const { type } = checked(typed, body, "body");
  if (type === "url_verification")
    return { kind: "challenge", challenge: checked(verification, body, "body").challenge };
  if (type !== "event_callback") return { kind: "other", type };
  const { event: given, team_id, event_id, authorizations = [] } = checked(envelope, body, "body");
  if (!SAID.includes(given.type)) return { kind: "other", type: given.type };
  const botId = authorizations.find(({ is_bot }) => is_bot)?.user_id ?? undefined;
  const said = { team_id, event_id, event: checked(event, given, "body.event"), botId };
  return { kind: "said", said };
}

function readInteraction(payload: unknown): SlackRequest {
  const { type } = checked(typed, payload, "body.payload");
  if (type === "block_actions")
    return { kind: "press", press: checked(press, payload, "body.payload") };
  if (type === "view_submission")
    return { kind: "submission", submission: checked(submission, payload, "body.payload") };
  return { kind: "other", type };
}

const FORM_FIELDS = 100;

/** The fields of a form, the first of each name. */
function formOf(body: Buffer): Partial<Record<string, string>> {
  const pairs = readUtf8(body, "body").split("&", FORM_FIELDS + 1);
  if (pairs.length > FORM_FIELDS)
    throw unfit([fieldError("body", "too_many", { max: FORM_FIELDS })]);
  const fields = new Map<string, string>();
  for (const pair of pairs) {
    const [field = "", ...value] = pair.split("=").map(decoded);
    if (!fields.has(field)) fields.set(field, value.join("="));
  }
  return Object.fromEntries(fields);
}

/** Stricter than `URLSearchParams`, which makes something of everything. */
function decoded(text: string): string {
  try {
    return decodeURIComponent(text.replaceAll("+", " "));
  } catch {
    throw unfit([fieldError("body", "not_utf8")]);
  }
}

function checked<T>(schema: z.ZodType<T>, value: unknown, root: string): T {
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  throw unfit(fieldErrors(parsed.error, root).slice(0, 100));
}

function unfit(errors: readonly FieldError[]): AppError {
  const [first] = errors;
  const words = `The body is no request of Slack's (${first?.path}: ${first?.message}). Nothing was stored.`;
  return new AppError("E-HOOK-PAYLOAD", words, { errors, headers: NO_RETRY });
}
