import { Option } from "commander";

export const configOption = (): Option =>
  new Option("-c, --config <file>", "the agent's configuration").default("edge.toml");
export const jsonOption = (): Option => new Option("--json", "one JSON object on stdout");
