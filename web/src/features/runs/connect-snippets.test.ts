import { expect, test } from "vitest";
import { snippets } from "./connect-snippets.ts";

test("a new installation makes its first project, and nothing names another address", () => {
  const texts = snippets({ origin: "http://127.0.0.1:4600", project: undefined });
  expect(texts.start).toContain("tenants create demo --mode active");
  expect(texts.start).not.toContain("AWOOOP_URL");
  expect(texts.agent).toContain("http://127.0.0.1:4600/mcp");
});

test("where there is a project, everything is connected to it, at the address one is at", () => {
  const texts = snippets({ origin: "https://ops.example", project: "acme" });
  expect(texts.start).toBe("export AWOOOP_KEY=awp_…\nexport AWOOOP_URL=https://ops.example");
  expect(texts.alert).toContain("https://ops.example/hooks/acme/alerts");
  for (const text of [texts.server, texts.agent, texts.alert])
    expect(text).toContain("--project acme");
});
