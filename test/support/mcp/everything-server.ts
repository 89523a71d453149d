import { Server as LegacyServer } from "@modelcontextprotocol/sdk/server/index.js";
import { McpError, ResultSchema } from "@modelcontextprotocol/sdk/types.js";
import {
  CLIENT_CAPABILITIES_META_KEY,
  createRequestStateCodec,
  LOG_LEVEL_META_KEY,
  Server as ModernServer,
  ProtocolError,
  type ServerEvent,
} from "@modelcontextprotocol/server";
import { CAPABILITIES, everything } from "./everything.ts";
import { type Json, NeedsInput, RpcFailure, type Side } from "./everything-side.ts";

const INFO = { name: "everything", version: "1.0.0" };
const codec = createRequestStateCodec({ key: new Uint8Array(32).fill(7) });

/** The server of one request, or of one stdio connection, of the 2026-07-28 protocol. */
export function modernEverything(publish?: (event: ServerEvent) => void): ModernServer {
  const server = new ModernServer(INFO, {
    capabilities: CAPABILITIES,
  });
  server.fallbackRequestHandler = async ({ method, params = {} }, context) => {
    const { mcpReq } = context;
    const kept = mcpReq.requestState<string>();
    const envelope = Object(mcpReq.envelope) as Json;
    const answers = Object(mcpReq.inputResponses) as Record<string, Json>;
    const side: Side = {
      capabilities: Object(envelope[CLIENT_CAPABILITIES_META_KEY]) as Json,
      progressToken: (params._meta as { progressToken?: string } | undefined)?.progressToken,
      wantsLogs: envelope[LOG_LEVEL_META_KEY] !== undefined,
      state: kept === undefined ? undefined : ((await codec.verify(kept, context)) as Json),
      async notify(name, said) {
        const kind = /^notifications\/(\w+)\/(?:list_changed|updated)$/.exec(name)?.[1];
        if (kind === undefined) return mcpReq.notify({ method: name, params: said } as never);
        if (name.endsWith("updated"))
          publish?.({ kind: "resource_updated", uri: String(said.uri) });
        else publish?.({ kind: `${kind}_list_changed` } as ServerEvent);
      },
      async ask(questions) {
        const isAnswered = (name: string) => typeof answers[name] === "object";
        if (!Object.keys(questions).every(isAnswered)) throw new NeedsInput(questions);
        return answers;
      },
    };
    try {
      return await everything(method, params, side);
    } catch (error) {
      if (error instanceof RpcFailure)
        throw new ProtocolError(error.code, error.message, error.data);
      if (!(error instanceof NeedsInput)) throw error;
      const requestState = await codec.mint(error.state ?? { asked: true });
      return { resultType: "input_required", inputRequests: error.questions, requestState };
    }
  };
  return server;
}

/** The server of one session of the 2025-11-25 protocol. */
export function legacyEverything(): LegacyServer {
  const server = new LegacyServer(INFO, { capabilities: CAPABILITIES });
  server.fallbackRequestHandler = async ({ method, params = {} }, extra) => {
    const side: Side = {
      capabilities: Object(server.getClientCapabilities()) as Json,
      progressToken: extra._meta?.progressToken,
      wantsLogs: true,
      state: undefined,
      notify: (name, said) => extra.sendNotification({ method: name, params: said } as never),
      async ask(questions) {
        const asking = Object.entries(questions).map(async ([name, question]) => {
          const answer = await extra.sendRequest(question as never, ResultSchema);
          return [name, answer] as const;
        });
        return Object.fromEntries(await Promise.all(asking));
      },
    };
    try {
      return await everything(method, params, side);
    } catch (error) {
      if (error instanceof RpcFailure) throw new McpError(error.code, error.message, error.data);
      throw error;
    }
  };
  return server;
}
