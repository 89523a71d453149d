// Writes the Kysely types from a migrated database: `generate-types.ts DATABASE_URL [OUT]`. A test holds the file equal to
// the migrations; `npm exec -- vitest run test/schema.test.ts -u` writes it anew, and test/schema.sql with it.
import { execFileSync } from "node:child_process";
import { fileURLToPath } from "node:url";

const out =
  process.argv[3] ??
  fileURLToPath(new URL("../src/platform/database/database.generated.ts", import.meta.url));
const url = process.argv[2];
if (!url) throw new Error("usage: generate-types.ts DATABASE_URL [OUT]");

execFileSync(
  process.execPath,
  [
    fileURLToPath(new URL("../node_modules/kysely-codegen/dist/cli/bin.js", import.meta.url)),
    ...[
      "--dialect",
      "postgres",
      "--url",
      url,
      "--include-pattern",
      "awooop.*",
      "--default-schema",
      "awooop",
    ],
    ...["--exclude-pattern", "awooop.kysely_*", "--numeric-parser", "number", "--out-file", out],
    ...["--type-mapping", JSON.stringify({ timestamptz: "string", int8: "number" })],
  ],
  { stdio: ["ignore", "ignore", "inherit"] },
);
