import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { parseAllDocuments } from "yaml";

export type ContractDocument = {
  contract_family: string;
  contract_id: string;
  project_id: string;
  body: unknown;
};

/**
 * Every contract in a folder's YAML files, with `${NAME}` in texts replaced from `values`. It is
 * replaced after parsing, so no value can change a file's structure. Throws for a file that is no
 * YAML and for a name without value.
 */
export async function readContracts(
  folder: string,
  projectId: string,
  values: Readonly<Record<string, string>>,
): Promise<ContractDocument[]> {
  const names = (await readdir(folder)).filter((name) => name.endsWith(".yaml")).sort();
  const contracts: ContractDocument[] = [];
  for (const name of names) {
    const documents = parseAllDocuments(await readFile(join(folder, name), "utf8"));
    for (const document of documents) {
      if (!("toJS" in document)) continue;
      const [problem] = document.errors;
      if (problem) throw new Error(`${name}: ${problem.message}`);
      const contract = fill(document.toJS(), values, name) as Omit<ContractDocument, "project_id">;
      contracts.push({ ...contract, project_id: projectId });
    }
  }
  return contracts;
}

function fill(value: unknown, values: Readonly<Record<string, string>>, file: string): unknown {
  if (typeof value === "string") {
    return value.replaceAll(/\$\{([A-Z_]+)\}/g, (_, name: string) => {
      const found = values[name];
      if (found === undefined) throw new Error(`${file}: there is no value for \${${name}}.`);
      return found;
    });
  }
  if (Array.isArray(value)) return value.map((item) => fill(item, values, file));
  if (value === null || typeof value !== "object") return value;
  const entries = Object.entries(value).map(([key, item]) => [key, fill(item, values, file)]);
  return Object.fromEntries(entries);
}
