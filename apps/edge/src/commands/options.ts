import { Option } from "commander";

export const configOption = (): Option =>
  new Option("-c, --config <file>", "the agent's configuration").default("edge.toml");
export const jsonOption = (): Option => new Option("--json", "one JSON object on stdout");

/** Lines under `--help` that can be typed. */
export function examples(...lines: readonly string[]): string {
  return `\n${lines.length > 1 ? "Examples" : "Example"}:\n${lines.map((line) => `  ${line}`).join("\n")}`;
}
