import type { ToolGrant } from "../contracts/index.ts";
import type { ArgumentChecker } from "../gates/index.ts";

const OUTPUT = { en: "the tool's output schema", "zh-TW": "工具的輸出結構描述" };

/**
 * What a write returns in a shadow run: the contract's `simulate` value if it fits the tool's output schema, else an
 * error result that says SIMULATED. Nothing is sent to the tool server.
 */
export function simulatedResult(
  checker: ArgumentChecker,
  grant: Pick<ToolGrant, "simulate">,
  outputSchema: unknown,
): Record<string, unknown> {
  const { simulate } = grant;
  if (simulate === undefined) {
    return {
      isError: true,
      content: [{ type: "text", text: "SIMULATED: a shadow run sends no writes." }],
    };
  }
  const problems =
    outputSchema === undefined ? [] : checker.problems(outputSchema, simulate, OUTPUT);
  if (problems.length > 0) {
    const text = `SIMULATED: the contract's simulate value does not fit: ${problems.map(({ en }) => en).join("; ")}`;
    return { isError: true, content: [{ type: "text", text }] };
  }
  return {
    content: [{ type: "text", text: JSON.stringify(simulate) }],
    structuredContent: simulate,
  };
}
