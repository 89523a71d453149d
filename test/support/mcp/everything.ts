import { type Json, RpcFailure, type Side } from "./everything-side.ts";
import {
  elicit,
  form,
  PNG,
  SCHEMAS,
  TOOL_NAMES,
  type Tool,
  text,
  tools,
} from "./everything-tools.ts";

/**
 * A tool server that has one of everything the protocol knows, by names that the conformance suite asks for. What it
 * does is written once; `everything-http.ts` and `everything-stdio.ts` serve it in either era.
 */
export const CAPABILITIES = {
  tools: { listChanged: true },
  resources: { subscribe: true, listChanged: true },
  prompts: { listChanged: true },
  logging: {},
  completions: {},
};

const RESOURCES = [
  { uri: "test://static-text", mimeType: "text/plain" },
  { uri: "test://static-binary", mimeType: "image/png" },
  { uri: "test://watched-resource", mimeType: "text/plain" },
].map((resource) => ({ ...resource, name: resource.uri.slice(7), description: "A fixture." }));

function readResource(uri: unknown): Json {
  const id = /^test:\/\/template\/([^/]+)\/data$/.exec(String(uri))?.[1];
  if (id !== undefined) {
    const data = JSON.stringify({ id, templateTest: true, data: `Data for ID: ${id}` });
    return { contents: [{ uri, mimeType: "application/json", text: data }] };
  }
  const found = RESOURCES.find((resource) => resource.uri === uri);
  if (!found) throw new RpcFailure(-32602, "Resource not found", { uri });
  const { mimeType } = found;
  const content = mimeType === "image/png" ? { blob: PNG } : { text: `The content of ${uri}.` };
  return { contents: [{ uri, mimeType, ...content }] };
}

const user = (...contents: Json[]): Json => ({
  messages: contents.map((content) => ({ role: "user", content })),
});

const prompts: Record<string, { arguments?: string[]; get: Tool }> = {
  test_simple_prompt: { get: () => user(text("This is a simple prompt for testing.")) },
  test_prompt_with_arguments: {
    arguments: ["arg1", "arg2"],
    get: (_side, { arg1, arg2 }) => user(text(`arg1='${arg1}', arg2='${arg2}'`)),
  },
  test_prompt_with_embedded_resource: {
    arguments: ["resourceUri"],
    get: (_side, { resourceUri: uri }) =>
      user(
        { type: "resource", resource: { uri, mimeType: "text/plain", text: "Embedded." } },
        text("Please process the embedded resource above."),
      ),
  },
  test_prompt_with_image: {
    get: () =>
      user({ type: "image", data: PNG, mimeType: "image/png" }, text("Please analyze the image.")),
  },
  test_input_required_result_prompt: {
    async get(side) {
      const { user_context: answer } = await side.ask({
        user_context: elicit("What context?", form({ context: { type: "string" } })),
      });
      return user(text(`Context: ${(answer?.content as Json | undefined)?.context}`));
    },
  },
};

function list(method: string): Json | undefined {
  switch (method) {
    case "tools/list":
      return {
        tools: TOOL_NAMES.map((name) => ({
          name,
          description: `The fixture ${name}.`,
          inputSchema: SCHEMAS[name] ?? { type: "object", properties: {} },
        })),
      };
    case "resources/list":
      return { resources: RESOURCES };
    case "resources/templates/list": {
      const template = { uriTemplate: "test://template/{id}/data", name: "template" };
      return { resourceTemplates: [{ ...template, description: "Data by id." }] };
    }
    case "prompts/list":
      return {
        prompts: Object.entries(prompts).map(([name, { arguments: args = [] }]) => ({
          name,
          description: `The fixture ${name}.`,
          arguments: args.map((arg) => ({ name: arg, required: true })),
        })),
      };
    default:
      return undefined;
  }
}

/** Answers a request, in either era. */
export async function everything(method: string, params: Json, side: Side): Promise<Json> {
  const listed = list(method);
  if (listed) return listed;
  const args = Object(params.arguments) as Json;
  switch (method) {
    case "tools/call": {
      const tool = tools[String(params.name)];
      if (!tool) throw new RpcFailure(-32602, `Unknown tool: ${params.name}`);
      return tool(side, args);
    }
    case "prompts/get": {
      const prompt = prompts[String(params.name)];
      if (!prompt) throw new RpcFailure(-32602, `Unknown prompt: ${params.name}`);
      return prompt.get(side, args);
    }
    case "resources/read":
      return readResource(params.uri);
    case "resources/subscribe":
    case "resources/unsubscribe":
      return {};
    case "completion/complete": {
      const { value } = Object(params.argument) as Json;
      return { completion: { values: [`${value}-one`, `${value}-two`], total: 2, hasMore: false } };
    }
    default:
      throw new RpcFailure(-32601, "Method not found");
  }
}
