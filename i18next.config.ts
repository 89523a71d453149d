import { defineConfig } from "i18next-cli";

// `npx i18next-cli extract --ci --dry-run` fails when a key is missing from a locale or used nowhere.
// Keys that the code builds from a closed union of names are listed as patterns; TypeScript checks
// those names against the English file.
export default defineConfig({
  locales: ["en", "zh-TW"],
  extract: {
    input: ["web/src/**/*.{ts,tsx}"],
    ignore: ["web/src/**/*.test.ts"],
    output: "web/src/app/locales/{{language}}.json",
    defaultNS: false,
    sort: true,
    removeUnusedKeys: true,
    preservePatterns: [
      "account.roles.*",
      "answered_after.*",
      "answers.*",
      "codes.*",
      "contracts.ask.*",
      "contracts.done.*",
      "contracts.effect.*",
      "contracts.families.*",
      "contracts.hindered.*",
      "contracts.levels.*",
      "contracts.means.*",
      "contracts.past.*",
      "contracts.status.*",
      "contracts.steps.*",
      "duration.*",
      "explain.*",
      "filter.since_values.*",
      "gates.names.*",
      "nav.pages.*",
      "pips.*",
      "project.modes.*",
      "state.*",
      "theme.*",
    ],
  },
});
