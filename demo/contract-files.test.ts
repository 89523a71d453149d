import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { readContracts } from "./contract-files.ts";

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "awooop-contracts-"));
});
afterEach(() => rm(folder, { recursive: true }));

/** `${NAME}`, put together so that it is plainly no template of ours. */
const placeholder = (name: string) => ["$", "{", name, "}"].join("");
const write = (name: string, text: string) => writeFile(join(folder, name), text);

describe("reading contract files", () => {
  it("takes every document of every YAML file, in order of the files' names", async () => {
    await write("b.yaml", "contract_id: three\nbody: {}\n");
    await write("a.yaml", "contract_id: one\nbody: {}\n---\ncontract_id: two\nbody: {}\n");
    await write("README.md", "not a contract");
    const contracts = await readContracts(folder, "demo", {});
    expect(contracts.map((each) => each.contract_id)).toEqual(["one", "two", "three"]);
    expect(contracts.map((each) => each.project_id)).toEqual(["demo", "demo", "demo"]);
  });

  it("fills placeholders at any depth, and no value can change the structure", async () => {
    await write(
      "a.yaml",
      `contract_id: x\nbody: { args: ['${placeholder("A")}'], env: { B: 'at ${placeholder("A")}' } }\n`,
    );
    const filled = `/tmp/x'}\n- y: ${placeholder("B")}`;
    const [contract] = await readContracts(folder, "demo", { A: filled });
    expect(contract?.body).toEqual({ args: [filled], env: { B: `at ${filled}` } });
  });

  it("says which file wants which missing value", async () => {
    await write("a.yaml", `contract_id: x\nbody: '${placeholder("NOWHERE")}'\n`);
    await expect(readContracts(folder, "demo", {})).rejects.toThrow(/a\.yaml.*NOWHERE/);
  });

  it("says which file is no YAML", async () => {
    await write("a.yaml", "body: [1, 2\n");
    await expect(readContracts(folder, "demo", {})).rejects.toThrow("a.yaml");
  });
});
