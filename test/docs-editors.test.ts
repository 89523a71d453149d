import { readFile } from "node:fs/promises";
import { describe, expect, it } from "vitest";
import { snippets } from "../web/src/features/runs/connect-snippets.ts";

/** What readers copy into their editors: it must be what the console says, and readable by a parser. */

const read = (page: string) => readFile(new URL(`../docs/${page}`, import.meta.url), "utf8");
const blocks = (page: string, language: string) =>
  [...page.matchAll(new RegExp(`^\`\`\`${language}\\n(.*?)^\`\`\``, "gms"))].map(
    ([, text]) => text ?? "",
  );

const ADDRESS = "http://127.0.0.1:4600/mcp";

describe("the settings for editors", () => {
  it("are JSON that names the gateway and sends a key as bearer", async () => {
    const settings = blocks(await read("connect-an-editor.md"), "json");
    expect(settings).toHaveLength(6);
    for (const text of settings) {
      const { mcpServers, servers, context_servers } = JSON.parse(text);
      const { awooop } = mcpServers ?? servers ?? context_servers;
      expect(awooop.url ?? awooop.httpUrl ?? awooop.serverUrl).toBe(ADDRESS);
      expect(awooop.headers.Authorization).toMatch(
        /^Bearer (awp_…|\$\w+|\$\{(env:|input:)?[\w-]+\})$/,
      );
    }
  });

  it("are the ones that the console shows", async () => {
    const { agent } = snippets({ origin: "http://127.0.0.1:4600", project: "acme" });
    const [, command] = /^#\s+(claude mcp add .*)$/m.exec(agent) ?? [];
    expect(command).toContain(ADDRESS);
    expect(blocks(await read("connect-an-editor.md"), "sh").join("")).toContain(`${command}\n`);
  });

  it("name no example that is not there", async () => {
    const page = await read("connect-an-agent.md");
    const linked = [...page.matchAll(/\]\(\.\.\/(examples\/[\w/-]+)\)/g)].map(([, path]) => path);
    expect(new Set(linked).size).toBe(4);
    for (const path of linked) {
      const program = await readFile(new URL(`../${path}/agent.ts`, import.meta.url), "utf8");
      expect(program).toContain("/mcp`");
    }
  });
});
