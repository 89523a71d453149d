// An agent as a LangGraph graph: the model decides, the tools come from AwoooP.

import { MessagesAnnotation, START, StateGraph } from "@langchain/langgraph";
import { ToolNode, toolsCondition } from "@langchain/langgraph/prebuilt";
import { MultiServerMCPClient } from "@langchain/mcp-adapters";
import { ChatOpenAI } from "@langchain/openai";

const { AWOOOP_URL = "http://127.0.0.1:4600", AWOOOP_KEY = "", MODEL = "" } = process.env;
const task = process.argv[2] ?? "The shop's page is down. Find out why, and repair it.";

const INSTRUCTIONS = `You are the night watch of a small web shop. Look before you act.
A tool that answers PENDING waits for a person: call awooop_wait with the approval it names until that says DECIDED, then
repeat the identical call. A tool that answers BLOCKED or says that a person said no will not do it: stop, and say so.`;

const awooop = new MultiServerMCPClient({
  mcpServers: {
    awooop: {
      transport: "http",
      url: `${AWOOOP_URL}/mcp`,
      headers: { authorization: `Bearer ${AWOOOP_KEY}` },
    },
  },
});
const tools = await awooop.getTools();
console.log(`Tools: ${tools.map(({ name }) => name).join(", ")}`);

const model = new ChatOpenAI({ model: MODEL }).bindTools(tools);
const graph = new StateGraph(MessagesAnnotation)
  .addNode("model", async ({ messages }) => ({
    messages: [await model.invoke([{ role: "system", content: INSTRUCTIONS }, ...messages])],
  }))
  // PENDING and BLOCKED are error results; the node hands them to the model as what the tool said.
  .addNode("tools", new ToolNode(tools))
  .addEdge(START, "model")
  .addConditionalEdges("model", toolsCondition)
  .addEdge("tools", "model")
  .compile();

const { messages } = await graph.invoke(
  { messages: [{ role: "user", content: task }] },
  { recursionLimit: 40 },
);
console.log(messages.at(-1)?.text);
await awooop.close();
