// An agent of the Vercel AI SDK: one call of generateText that may use tools until it has an answer.

import { createMCPClient } from "@ai-sdk/mcp";
import { openai } from "@ai-sdk/openai";
import { generateText, isStepCount } from "ai";

const { AWOOOP_URL = "http://127.0.0.1:4600", AWOOOP_KEY = "", MODEL = "" } = process.env;
const task = process.argv[2] ?? "The shop's page is down. Find out why, and repair it.";

const INSTRUCTIONS = `You are the night watch of a small web shop. Look before you act.
A tool that answers PENDING waits for a person: call awooop_wait with the approval it names until that says DECIDED, then
repeat the identical call. A tool that answers BLOCKED or says that a person said no will not do it: stop, and say so.`;

const awooop = await createMCPClient({
  transport: {
    type: "http",
    url: `${AWOOOP_URL}/mcp`,
    headers: { authorization: `Bearer ${AWOOOP_KEY}` },
  },
});
const tools = await awooop.tools();
console.log(`Tools: ${Object.keys(tools).join(", ")}`);

const { text } = await generateText({
  model: openai(MODEL),
  instructions: INSTRUCTIONS,
  prompt: task,
  tools,
  stopWhen: isStepCount(20),
});
console.log(text);
await awooop.close();
