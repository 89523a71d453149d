import { readFile } from "node:fs/promises";
import { beforeAll, describe, expect, it } from "vitest";
import { parseAllDocuments } from "yaml";
import { z } from "zod";
import { contractChecks } from "../src/agents/index.ts";
import { channelBodySchema } from "../src/channels/index.ts";
import { agentBodySchema } from "../src/contracts/index.ts";
import { policyBodySchema } from "../src/gates/index.ts";
import { toolServerBody } from "../src/toolservers/index.ts";

const SCHEMAS: Record<string, z.ZodType> = {
  agent: agentBodySchema,
  tool_server: toolServerBody,
  channel: channelBodySchema,
  policy: policyBodySchema,
};

let page: string;
beforeAll(async () => {
  page = await readFile(new URL("../docs/contracts.md", import.meta.url), "utf8");
});

describe("docs/contracts.md", () => {
  it("has an example that is valid", () => {
    const [, example = ""] = /```yaml\n(.*?)```/s.exec(page) ?? [];
    const filled = example.replace(/\$\{[A-Z_]+\}/, "https://tools.acme.example/mcp");
    const documents = parseAllDocuments(filled).map((document) => document.toJS());
    expect(documents.map((of) => of.contract_family)).toEqual(["channel", "tool_server", "agent"]);
    for (const { contract_family, body } of documents) {
      const read = SCHEMAS[contract_family]?.safeParse(body);
      expect(read?.error?.issues ?? []).toEqual([]);
      const agent = agentBodySchema.safeParse(body);
      if (agent.success) expect(contractChecks(agent.data)).toEqual([]);
    }
  });

  it.each(Object.keys(SCHEMAS))("has every field of the family %s and no other", (family) => {
    const chapter = page.split(`\n## ${family}\n`)[1]?.split("\n## ")[0] ?? "";
    const listed = [...chapter.matchAll(/^\| `([^`]+)` \|/gm)].map(([, field]) => field ?? "");
    expect(listed).toEqual([...new Set(listed)]);
    const fields = fieldsOf(SCHEMAS[family]);
    expect(listed.filter((field) => !fields.has(field))).toEqual([]);
    const missing = [...fields].filter(
      (field) =>
        !listed.some(
          (of) => of === field || of.startsWith(`${field}.`) || of.startsWith(`${field}[`),
        ),
    );
    expect(missing).toEqual([]);
  });
});

/** Languages and expressions are explained once, not field by field. */
const EXPLAINED_ONCE = /\.(en|zh-TW|\$cel)$/;

type Json = { [key: string]: unknown };

/** Every field of a schema, as the page writes them: `tools[].effect`. */
function fieldsOf(schema: z.ZodType | undefined): Set<string> {
  const found = new Set<string>();
  const visit = (node: Json, path: string) => {
    for (const key of ["anyOf", "oneOf", "allOf"]) {
      for (const part of (node[key] as Json[] | undefined) ?? []) visit(part, path);
    }
    if (node.items) {
      found.add(`${path}[]`);
      visit(node.items as Json, `${path}[]`);
    }
    for (const [name, part] of Object.entries((node.properties as Json | undefined) ?? {})) {
      const field = path === "" ? name : `${path}.${name}`;
      if (EXPLAINED_ONCE.test(`.${field}`)) continue;
      found.add(field);
      visit(part as Json, field);
    }
  };
  visit(z.toJSONSchema(schema ?? z.never(), { io: "input", reused: "inline" }) as Json, "");
  return found;
}
