import {
  MissingRequiredClientCapabilityError,
  SERVER_INFO_META_KEY,
  SUBSCRIPTION_ID_META_KEY,
} from "@modelcontextprotocol/server";
import { z } from "zod";
import { SERVER_INFO } from "./about.ts";
import type { McpCaller, McpDeps, McpNews } from "./deps.ts";

import {
  errorMessage,
  INVALID_PARAMS,
  notification,
  type RpcId,
  resultMessage,
} from "./jsonrpc.ts";
import { EventStream } from "./lazyresponse.ts";
import { createWatchedTask, TASKS_EXTENSION, takesTasks, type WatchedTask } from "./tasks.ts";

const MAX_OF_EACH = 100;
const MAX_STREAMS = 4_096;
const MAX_STREAMS_OF_KEY = 32;
const INTERNAL_ERROR = -32603;

const texts = z.array(z.string().max(2_048)).max(MAX_OF_EACH).default([]);

const wanted = z.looseObject({
  notifications: z.looseObject({
    toolsListChanged: z.boolean().default(false),
    promptsListChanged: z.boolean().default(false),
    resourcesListChanged: z.boolean().default(false),
    resourceSubscriptions: texts,
    taskIds: texts,
  }),
});
type Wanted = z.infer<typeof wanted>["notifications"];

/** One `subscriptions/listen` request of a 2026-07-28 client, its envelope and headers checked. */
export interface Listening<C extends McpCaller> {
  caller: C;
  id: RpcId;
  params: Record<string, unknown>;
  /** What the client declared with the request. */
  capabilities: unknown;
  /** Aborted when the client goes away or the gateway closes. */
  gone: AbortSignal;
}

/** The streams on which clients of the 2026-07-28 protocol hear of what changes. */
export class Listeners<C extends McpCaller> {
  readonly #open = new Set<OpenStream<C>>();

  /** Answers with a stream that tells what was asked for and can be told, until one of the two goes away. */
  async listen(deps: McpDeps<C>, request: Listening<C>): Promise<Response> {
    const { id, caller } = request;
    const refuse = (code: number, message: string) =>
      Response.json(errorMessage(id, { code, message }));
    const found = wanted.safeParse(request.params);
    if (!found.success) {
      const path = found.error.issues[0]?.path.join(".") ?? "notifications";
      return refuse(INVALID_PARAMS, `Invalid params: ${path} is not what can be listened to`);
    }
    const { notifications } = found.data;
    if (notifications.taskIds.length > 0 && !takesTasks(request.capabilities)) {
      const error = new MissingRequiredClientCapabilityError({
        requiredCapabilities: { extensions: { [TASKS_EXTENSION]: {} } },
      });
      return Response.json(errorMessage(id, error), { status: 400 });
    }
    const ofKey = [...this.#open].filter((one) => one.caller.keyId === caller.keyId);
    if (this.#open.size >= MAX_STREAMS || ofKey.length >= MAX_STREAMS_OF_KEY)
      return refuse(
        INTERNAL_ERROR,
        "Subscription limit reached: there are too many streams already",
      );
    const stream = new OpenStream(deps, request, () => this.#open.delete(stream));
    this.#open.add(stream);
    await stream.begin(notifications);
    return stream.response;
  }

  close(): void {
    for (const stream of this.#open) stream.end();
  }
}

class OpenStream<C extends McpCaller> {
  readonly caller: C;
  readonly #deps: McpDeps<C>;
  readonly #request: Listening<C>;
  readonly #events: EventStream;
  readonly #onEnd: () => void;
  readonly #stops: (() => void)[] = [];
  readonly #meta: Record<string, unknown>;
  #isOver = false;

  constructor(deps: McpDeps<C>, request: Listening<C>, onEnd: () => void) {
    this.caller = request.caller;
    this.#deps = deps;
    this.#request = request;
    this.#onEnd = onEnd;
    this.#meta = { [SUBSCRIPTION_ID_META_KEY]: request.id };
    this.#events = new EventStream({}, () => this.#stop());
    request.gone.addEventListener("abort", () => this.end(), { once: true });
  }

  get response(): Response {
    return this.#events.response;
  }

  /** Finds out what can be told, says so, and tells it from then on. */
  async begin(asked: Wanted): Promise<void> {
    const { caller } = this;
    const heard: McpNews[] = [];
    let tell = (news: McpNews) => void heard.push(news);
    try {
      // What happens from now on is told once the client knows what it will hear.
      await this.#keep(this.#deps.watch(caller, (news) => tell(news)));
      const resources = await this.#subscribe(asked.resourceSubscriptions);
      const tasks = await this.#watchTasks(asked.taskIds);
      const grants = await this.#deps.grants(caller);
      const honored = {
        ...(asked.toolsListChanged && { toolsListChanged: true }),
        ...(asked.promptsListChanged && grants.prompts && { promptsListChanged: true }),
        ...(asked.resourcesListChanged && grants.resources && { resourcesListChanged: true }),
        ...(resources.length > 0 && { resourceSubscriptions: resources }),
        ...(tasks.length > 0 && { taskIds: tasks.map(({ taskId }) => taskId) }),
      };
      this.#send("notifications/subscriptions/acknowledged", { notifications: honored });
      if (Object.keys(honored).length === 0) return this.end();
      tell = (news) => {
        if (isHonored(honored, news)) this.#send(news.method, news.params);
      };
      for (const news of heard) tell(news);
      for (const task of tasks) task.begin((params) => this.#send("notifications/tasks", params));
    } catch (error) {
      this.#deps.log.warn({ err: error }, "a client could not be listened for");
      this.end();
    }
    if (this.#request.gone.aborted) this.end();
  }

  /** Ends the stream in good order: the client is told that it is over. */
  end(): void {
    if (this.#isOver) return;
    const meta = { ...this.#meta, [SERVER_INFO_META_KEY]: SERVER_INFO };
    const result = { resultType: "complete", _meta: meta };
    this.#events.send(resultMessage(this.#request.id, result));
    this.#events.close();
    this.#stop();
  }

  #stop(): void {
    this.#isOver = true;
    for (const stop of this.#stops.splice(0)) stop();
    this.#onEnd();
  }

  async #keep(opening: Promise<() => void>): Promise<void> {
    const stop = await opening;
    if (this.#isOver) stop();
    else this.#stops.push(stop);
  }

  /** @returns those whose tool server tells of their updates */
  async #subscribe(uris: readonly string[]): Promise<string[]> {
    const opened = await Promise.all(
      [...new Set(uris)].map(async (uri) => {
        try {
          await this.#keep(this.#deps.subscribe(this.caller, uri));
          return [uri];
        } catch (error) {
          this.#deps.log.debug({ err: error }, "a resource can't be listened to");
          return [];
        }
      }),
    );
    return opened.flat();
  }

  async #watchTasks(ids: readonly string[]): Promise<WatchedTask[]> {
    const found = [...new Set(ids)].map((id) => createWatchedTask(this.#deps, this.caller, id));
    const tasks = (await Promise.all(found)).filter((task) => task !== undefined);
    if (tasks.length === 0) return tasks;
    const stopHearing = this.#deps.hear(this.caller, (change) => {
      for (const task of tasks) task.hear(change);
    });
    const stop = () => {
      stopHearing();
      for (const task of tasks) task.stop();
    };
    await this.#keep(Promise.resolve(stop));
    return tasks;
  }

  #send(method: string, params: Record<string, unknown>): void {
    if (this.#isOver) return;
    const meta = { ...(params._meta as object | undefined), ...this.#meta };
    this.#events.send(notification(method, { ...params, _meta: meta }));
  }
}

interface Honored {
  toolsListChanged?: boolean;
  promptsListChanged?: boolean;
  resourcesListChanged?: boolean;
  resourceSubscriptions?: string[];
}

/** Whether the client asked to hear of this. */
function isHonored(honored: Honored, { method, params }: McpNews): boolean {
  switch (method) {
    case "notifications/tools/list_changed":
      return honored.toolsListChanged === true;
    case "notifications/prompts/list_changed":
      return honored.promptsListChanged === true;
    case "notifications/resources/list_changed":
      return honored.resourcesListChanged === true;
    case "notifications/resources/updated":
      return honored.resourceSubscriptions?.includes(String(params.uri)) === true;
    default:
      return false;
  }
}
