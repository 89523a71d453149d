// An agent of the OpenAI Agents SDK: AwoooP is one of its MCP servers.

import { Agent, MCPServerStreamableHttp, run, setTracingDisabled } from "@openai/agents";

const { AWOOOP_URL = "http://127.0.0.1:4600", AWOOOP_KEY = "", MODEL = "" } = process.env;
const task = process.argv[2] ?? "The shop's page is down. Find out why, and repair it.";

const INSTRUCTIONS = `You are the night watch of a small web shop. Look before you act.
A tool that answers PENDING waits for a person: call awooop_wait with the approval it names until that says DECIDED, then
repeat the identical call. A tool that answers BLOCKED or says that a person said no will not do it: stop, and say so.`;

// The SDK would send its traces to OpenAI; AwoooP keeps the story of the run itself.
setTracingDisabled(true);

const awooop = new MCPServerStreamableHttp({
  name: "awooop",
  url: `${AWOOOP_URL}/mcp`,
  requestInit: { headers: { authorization: `Bearer ${AWOOOP_KEY}` } },
});
await awooop.connect();
console.log(`Tools: ${(await awooop.listTools()).map(({ name }) => name).join(", ")}`);

const agent = new Agent({
  name: "Night watch",
  instructions: INSTRUCTIONS,
  model: MODEL,
  mcpServers: [awooop],
});
const result = await run(agent, task, { maxTurns: 20 });
console.log(result.finalOutput);
await awooop.close();
