import { type Json, NeedsInput, type Question, RpcFailure, type Side } from "./everything-side.ts";

export const PNG =
  "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M/wHwAEBgIApD5fRAAAAABJRU5ErkJggg==";
const WAV = "UklGRiQAAABXQVZFZm10IBAAAAABAAEAQB8AAIA+AAACABAAZGF0YQAAAAA=";

export const text = (words: string) => ({ type: "text", text: words });
const said = (words: string): Json => ({ content: [text(words)] });

export const form = (properties: Json, required: string[] = Object.keys(properties)) => ({
  type: "object",
  properties,
  required,
});
export const elicit = (message: string, requestedSchema: Json): Question => ({
  method: "elicitation/create",
  params: { message, requestedSchema },
});
const sample = (prompt: string, maxTokens: number): Question => ({
  method: "sampling/createMessage",
  params: { messages: [{ role: "user", content: text(prompt) }], maxTokens },
});
const ROOTS: Question = { method: "roots/list", params: {} };
const NAME = form({ name: { type: "string" } });
const OK = form({ ok: { type: "boolean" } });

const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

export type Tool = (side: Side, args: Json) => Promise<Json> | Json;

async function elicited(side: Side, question: Question): Promise<Json> {
  const { answer } = await side.ask({ answer: question });
  return said(
    `Elicitation completed: action=${answer?.action}, content=${JSON.stringify(answer?.content)}`,
  );
}

async function logged(side: Side, words: string): Promise<void> {
  if (side.wantsLogs)
    await side.notify("notifications/message", {
      level: "info",
      logger: "everything",
      data: words,
    });
}

export const tools: Record<string, Tool> = {
  test_simple_text: () => said("This is a simple text response for testing."),
  test_image_content: () => ({ content: [{ type: "image", data: PNG, mimeType: "image/png" }] }),
  test_audio_content: () => ({ content: [{ type: "audio", data: WAV, mimeType: "audio/wav" }] }),
  test_embedded_resource: () => ({
    content: [
      {
        type: "resource",
        resource: { uri: "test://embedded", mimeType: "text/plain", text: "An embedded resource." },
      },
    ],
  }),
  test_multiple_content_types: () => ({
    content: [
      text("Several kinds of content:"),
      { type: "image", data: PNG, mimeType: "image/png" },
      {
        type: "resource",
        resource: { uri: "test://mixed", mimeType: "application/json", text: '{"value":123}' },
      },
    ],
  }),
  async test_tool_with_logging(side) {
    for (const words of ["started", "processing", "completed"]) {
      await logged(side, `Tool execution ${words}`);
      await pause(50);
    }
    return said("logged");
  },
  async test_tool_with_progress(side) {
    for (const progress of [0, 50, 100]) {
      const { progressToken } = side;
      if (progressToken !== undefined)
        await side.notify("notifications/progress", { progressToken, progress, total: 100 });
      await pause(50);
    }
    return said("done");
  },
  test_error_handling: () => ({
    ...said("This tool intentionally returns an error for testing"),
    isError: true,
  }),
  async test_sampling(side, { prompt }) {
    const { answer } = await side.ask({ answer: sample(String(prompt), 100) });
    return said(`LLM response: ${(answer?.content as Json | undefined)?.text}`);
  },
  async test_elicitation(side, { message }) {
    const schema = form({ username: { type: "string" }, email: { type: "string" } });
    const { answer } = await side.ask({ answer: elicit(String(message), schema) });
    return said(`User response: action=${answer?.action}, ${JSON.stringify(answer?.content)}`);
  },
  test_elicitation_sep1034_defaults: (side) =>
    elicited(
      side,
      elicit(
        "Defaults",
        form(
          {
            name: { type: "string", default: "John Doe" },
            age: { type: "integer", default: 30 },
            score: { type: "number", default: 95.5 },
            status: {
              type: "string",
              enum: ["active", "inactive", "pending"],
              default: "active",
            },
            verified: { type: "boolean", default: true },
          },
          [],
        ),
      ),
    ),
  test_elicitation_sep1330_enums(side) {
    const three = ["option1", "option2", "option3"];
    const titled = ["value1", "value2", "value3"].map((value) => ({ const: value, title: value }));
    return elicited(
      side,
      elicit(
        "Enums",
        form(
          {
            untitledSingle: { type: "string", enum: three },
            titledSingle: { type: "string", oneOf: titled },
            legacyEnum: {
              type: "string",
              enum: ["opt1", "opt2", "opt3"],
              enumNames: ["Option One", "Option Two", "Option Three"],
            },
            untitledMulti: { type: "array", items: { type: "string", enum: three } },
            titledMulti: { type: "array", items: { anyOf: titled } },
          },
          [],
        ),
      ),
    );
  },
  json_schema_2020_12_tool: () => said("ok"),
  test_parameter_headers: (_side, { region }) => said(`routed to ${region}`),
  test_missing_capability(side) {
    if (side.capabilities.sampling) return said("the client can sample");
    throw new RpcFailure(-32021, "Missing required client capability", {
      requiredCapabilities: { sampling: {} },
    });
  },
  test_streaming_elicitation: () => said("Nothing was asked on the stream."),
  async test_logging_tool(side) {
    await logged(side, "a log message");
    return said("logged what was wanted");
  },
  async test_trigger_tool_change(side) {
    await side.notify("notifications/tools/list_changed", {});
    return said("the tools changed");
  },
  async test_trigger_prompt_change(side) {
    await side.notify("notifications/prompts/list_changed", {});
    return said("the prompts changed");
  },
  async test_trigger_resource_update(side) {
    await side.notify("notifications/resources/updated", { uri: "test://watched-resource" });
    return said("the resource changed");
  },
  async test_input_required_result_elicitation(side) {
    const { user_name: answer } = await side.ask({ user_name: elicit("What is your name?", NAME) });
    return said(`Hello, ${(answer?.content as Json | undefined)?.name}!`);
  },
  async test_input_required_result_sampling(side) {
    const { capital_question: answer } = await side.ask({
      capital_question: sample("What is the capital of France?", 100),
    });
    return said(String((answer?.content as Json | undefined)?.text));
  },
  async test_input_required_result_list_roots(side) {
    const { client_roots: answer } = await side.ask({ client_roots: ROOTS });
    return said(JSON.stringify(answer?.roots));
  },
  async test_input_required_result_request_state(side) {
    await side.ask({ confirm: elicit("Please confirm", OK) });
    return said("state-ok");
  },
  async test_input_required_result_multiple_inputs(side) {
    const answers = await side.ask({
      user_name: elicit("What is your name?", NAME),
      greeting: sample("Generate a greeting", 50),
      client_roots: ROOTS,
    });
    return said(Object.keys(answers).sort().join(", "));
  },
  async test_input_required_result_multi_round(side) {
    const name = side.state?.name ?? (await nameOf(side));
    const color = elicit(
      "Step 2: What is your favorite color?",
      form({ color: { type: "string" } }),
    );
    const answers = await askNext(side, { step2: color }, { name });
    return said(`${name} likes ${(answers.step2?.content as Json | undefined)?.color}`);
  },
  async test_input_required_result_tampered_state(side) {
    await side.ask({ confirm: elicit("Please confirm", OK) });
    return said("the state is as it was");
  },
  async test_input_required_result_capabilities(side) {
    const { elicitation, sampling } = side.capabilities;
    await side.ask({
      ...(elicitation ? { elicit_input: elicit("Say something", NAME) } : {}),
      ...(sampling ? { sample_input: sample("Say something", 50) } : {}),
    });
    return said("asked what can be answered");
  },
};

async function nameOf(side: Side): Promise<unknown> {
  const { step1 } = await side.ask({ step1: elicit("Step 1: What is your name?", NAME) });
  return (step1?.content as Json | undefined)?.name;
}

/** Asks once more, keeping what is known so far. */
async function askNext(side: Side, questions: Record<string, Question>, state: Json) {
  try {
    return await side.ask(questions);
  } catch (error) {
    throw error instanceof NeedsInput ? new NeedsInput(error.questions, state) : error;
  }
}

export const SCHEMAS: Record<string, Json> = {
  test_sampling: form({ prompt: { type: "string" } }),
  test_parameter_headers: form({ region: { type: "string", "x-mcp-header": "Region" } }),
  test_elicitation: form({ message: { type: "string" } }),
  json_schema_2020_12_tool: {
    $schema: "https://json-schema.org/draft/2020-12/schema",
    type: "object",
    $defs: {
      address: {
        $anchor: "addressDef",
        type: "object",
        properties: { street: { type: "string" }, city: { type: "string" } },
      },
    },
    properties: {
      name: { type: "string" },
      address: { $ref: "#/$defs/address" },
      contactMethod: { type: "string", enum: ["phone", "email"] },
      phone: { type: "string" },
      email: { type: "string" },
    },
    allOf: [{ anyOf: [{ required: ["phone"] }, { required: ["email"] }] }],
    if: { properties: { contactMethod: { const: "phone" } }, required: ["contactMethod"] },
    // biome-ignore lint/suspicious/noThenProperty: a keyword of JSON Schema
    then: { required: ["phone"] },
    else: { required: ["email"] },
    additionalProperties: false,
  },
};

export const TOOL_NAMES = Object.keys(tools);
