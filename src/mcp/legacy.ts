import { isJsonContentType, ProtocolError } from "@modelcontextprotocol/server";
import type { WhenSent } from "../platform/http/index.ts";
import { isLogLevel } from "../toolservers/index.ts";
import { capabilitiesOf, INSTRUCTIONS, SERVER_INFO } from "./about.ts";
import type { McpCaller } from "./deps.ts";
import type { EdgeDeps } from "./edgedeps.ts";
import {
  errorMessage,
  INVALID_PARAMS,
  INVALID_REQUEST,
  notification,
  type RpcId,
  type RpcMessage,
  resultMessage,
} from "./jsonrpc.ts";
import { EventStream, LazyResponse } from "./lazyresponse.ts";
import { answerMethod, protocolErrorOf } from "./methods.ts";
import { SESSION_VERSIONS, type Session } from "./sessions.ts";

/** One HTTP request of a 2025-era client, its caller known. */
interface Visit<C extends McpCaller> {
  caller: C;
  request: Request;
  session: Session | undefined;
  /** Aborted when the client goes away or the gateway closes. */
  gone: AbortSignal;
  whenSent: WhenSent;
}

interface RpcRequest {
  id: RpcId;
  method: string;
  params: Record<string, unknown>;
}

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null && !Array.isArray(value);

const SESSION_HEADER = "mcp-session-id";
const VERSIONS: readonly string[] = SESSION_VERSIONS;

function refuse(status: number, message: string, code = INVALID_REQUEST): Response {
  return Response.json(errorMessage(null, { code, message }), { status });
}

/**
 * Answers clients of the 2025-era protocol: sessions, their streams, and the answers that clients POST to what they are
 * asked. A client that never greets has no session; it is served all the same, and can't be asked anything.
 */
export async function answerLegacy<C extends McpCaller>(
  deps: EdgeDeps<C>,
  request: Request,
  body: unknown,
  who: Pick<Visit<C>, "caller" | "gone" | "whenSent">,
): Promise<Response> {
  const id = request.headers.get(SESSION_HEADER);
  const session = id === null ? undefined : deps.sessions.find(id, who.caller.keyId);
  if (id !== null && !session)
    return refuse(404, "Session not found: it has ended, or is another key's. Initialize anew.");
  const version = request.headers.get("mcp-protocol-version");
  if (version !== null && !VERSIONS.includes(version))
    return refuse(400, `Bad Request: unsupported protocol version ${version}`);
  const visit = { ...who, request, session };
  switch (request.method) {
    case "POST":
      return isJsonContentType(request.headers.get("content-type"))
        ? post(deps, visit, body)
        : refuse(415, "Unsupported Media Type: Content-Type must be application/json");
    case "GET":
      return listen(deps, visit);
    case "DELETE":
      if (!session) return notAllowed();
      deps.sessions.end(session);
      return new Response(null, { status: 200 });
    default:
      return notAllowed();
  }
}

function notAllowed(): Response {
  const response = refuse(405, "Method not allowed: without a session there is only POST.");
  response.headers.set("allow", "POST");
  return response;
}

/** The stream for what belongs to no request; a newer one takes the place of an older one. */
async function listen<C extends McpCaller>(
  deps: EdgeDeps<C>,
  { caller, session, gone }: Visit<C>,
): Promise<Response> {
  if (!session) return notAllowed();
  const stop = await deps.watch(caller, ({ method, params }) => {
    const isUpdate = method === "notifications/resources/updated";
    if (isUpdate && !session.subscriptions.has(String(params.uri))) return;
    stream.send(notification(method, params));
  });
  const stream = new EventStream({ [SESSION_HEADER]: session.id }, () => {
    stop();
    if (session.listener === stream) session.listener = undefined;
  });
  session.listener?.close();
  session.listener = stream;
  gone.addEventListener("abort", () => stream.close(), { once: true });
  if (gone.aborted) stream.close();
  return stream.response;
}

async function post<C extends McpCaller>(
  deps: EdgeDeps<C>,
  visit: Visit<C>,
  body: unknown,
): Promise<Response> {
  const messages = Array.isArray(body) ? body : [body];
  const requests: RpcRequest[] = [];
  if (messages.length === 0 || messages.length > 100)
    return refuse(400, "Invalid Request: a batch has 1 to 100 messages");
  for (const message of messages) {
    if (!isObject(message) || message.jsonrpc !== "2.0" || !isObject(message.params ?? {}))
      return refuse(400, "Invalid Request: not a JSON-RPC 2.0 message");
    const { id, method, params = {} } = message;
    const hasId = typeof id === "string" || typeof id === "number";
    if (typeof method === "string" && hasId) {
      requests.push({ id, method, params: params as Record<string, unknown> });
    } else if (typeof method === "string" && id === undefined) {
      notified(visit, method, params as Record<string, unknown>);
    } else if (!(hasId && method === undefined && answered(visit, id, message))) {
      return refuse(400, "Invalid Request: neither a request, a notification nor a response");
    }
  }
  if (requests.length === 0) return new Response(null, { status: 202 });
  const [first] = requests;
  if (first?.method === "initialize") return initialize(deps, visit, first);
  const { session } = visit;
  const reply = new LazyResponse(session ? { [SESSION_HEADER]: session.id } : {});
  const answering = requests.map((one) => answer(deps, visit, one, reply));
  void Promise.all(answering).then((answers) => {
    const given = answers.filter((one) => one !== undefined);
    reply.end(Array.isArray(body) && given.length > 0 ? given : given[0]);
  });
  return reply.response;
}

/** Takes an answer of the client; one that nobody waits for (any more) is let go. */
function answered<C extends McpCaller>(
  { session }: Visit<C>,
  id: RpcId,
  message: Record<string, unknown>,
): boolean {
  const { result, error } = message;
  if (isObject(result)) session?.answer(id, { result });
  else if (isObject(error) && typeof error.code === "number")
    session?.answer(id, { error: { code: error.code, message: String(error.message) } });
  else return false;
  return true;
}

function notified<C extends McpCaller>(
  { session }: Visit<C>,
  method: string,
  params: Record<string, unknown>,
): void {
  if (method !== "notifications/cancelled") return;
  session?.underWay.get(params.requestId as RpcId)?.abort();
}

async function initialize<C extends McpCaller>(
  deps: EdgeDeps<C>,
  { caller }: Visit<C>,
  { id, params }: RpcRequest,
): Promise<Response> {
  const { protocolVersion, capabilities = {} } = params;
  if (typeof protocolVersion !== "string" || !isObject(capabilities)) {
    const message = "Invalid params: protocolVersion and capabilities are needed";
    return Response.json(errorMessage(id, { code: INVALID_PARAMS, message }));
  }
  const session = deps.sessions.open(caller.keyId, protocolVersion, capabilities);
  const result = {
    protocolVersion: session.version,
    capabilities: capabilitiesOf(await deps.grants(caller)),
    serverInfo: SERVER_INFO,
    instructions: INSTRUCTIONS,
  };
  return Response.json(resultMessage(id, result), { headers: { [SESSION_HEADER]: session.id } });
}

/** One request's answer; undefined when the client has cancelled it. */
async function answer<C extends McpCaller>(
  deps: EdgeDeps<C>,
  { caller, request, session, gone, whenSent }: Visit<C>,
  { id, method, params }: RpcRequest,
  reply: LazyResponse,
): Promise<RpcMessage | undefined> {
  const cancelled = new AbortController();
  session?.underWay.set(id, cancelled);
  try {
    const own = await ownMethod(deps, { caller, session }, method, params);
    const result =
      own ??
      (await answerMethod(deps, {
        caller,
        id,
        method,
        params,
        headers: request.headers,
        client: { era: "legacy", session, send: (message) => reply.send(message) },
        signal: AbortSignal.any([gone, cancelled.signal]),
        whenSent,
      }));
    return cancelled.signal.aborted ? undefined : resultMessage(id, result);
  } catch (error) {
    return cancelled.signal.aborted ? undefined : errorMessage(id, protocolErrorOf(deps, error));
  } finally {
    if (session?.underWay.get(id) === cancelled) session.underWay.delete(id);
  }
}

/** What only the 2025-era protocol has. */
async function ownMethod<C extends McpCaller>(
  deps: EdgeDeps<C>,
  { caller, session }: Pick<Visit<C>, "caller" | "session">,
  method: string,
  { level, uri }: Record<string, unknown>,
): Promise<Record<string, unknown> | undefined> {
  switch (method) {
    case "ping":
      return {};
    case "logging/setLevel":
      if (!isLogLevel(level)) throw invalid("level must be one of the eight");
      if (session) session.logLevel = level;
      return {};
    case "resources/subscribe":
      if (typeof uri !== "string" || uri.length > 2048) throw invalid("uri must be a text");
      await subscribe(deps, caller, session, uri);
      return {};
    case "resources/unsubscribe":
      session?.subscriptions.get(String(uri))?.();
      session?.subscriptions.delete(String(uri));
      return {};
    default:
      return undefined;
  }
}

const MAX_SUBSCRIPTIONS = 100;

async function subscribe<C extends McpCaller>(
  deps: EdgeDeps<C>,
  caller: C,
  session: Session | undefined,
  uri: string,
): Promise<void> {
  if (!session) throw new ProtocolError(INVALID_REQUEST, "Updates are told to a session only");
  if (session.subscriptions.has(uri)) return;
  if (session.subscriptions.size >= MAX_SUBSCRIPTIONS)
    throw new ProtocolError(INVALID_REQUEST, `A session has ${MAX_SUBSCRIPTIONS} subscriptions`);
  // Held at once, so that two requests for the same don't both go on.
  session.subscriptions.set(uri, () => undefined);
  try {
    session.subscriptions.set(uri, await deps.subscribe(caller, uri));
  } catch (error) {
    session.subscriptions.delete(uri);
    throw error;
  }
}

function invalid(message: string): ProtocolError {
  return new ProtocolError(INVALID_PARAMS, `Invalid params: ${message}`);
}
