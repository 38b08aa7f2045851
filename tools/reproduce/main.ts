import { expected } from "../lib/process.mjs";
import { runAsCommand } from "../bench/report/command.ts";
import { vaeMnist } from "./vae-mnist.ts";

/** A published result that is made again here. */
export interface Reproduction {
  readonly name: string;
  /** One line. */
  readonly what: string;
  readonly run: (args: readonly string[]) => Promise<void>;
}

const reproductions: readonly Reproduction[] = [vaeMnist];

const list = reproductions.map(({ name, what }) => `  ${name.padEnd(12)} ${what}`).join("\n");
const HELP = `Makes published results again and writes them to docs/results.

  npm run reproduce <name> [-- options]        (npm run reproduce <name> -- --help lists them)

${list}
`;

await runAsCommand(async ([name, ...args]) => {
  if (name === undefined || name === "--help") return void process.stdout.write(HELP);
  const found = reproductions.find((one) => one.name === name);
  if (!found) throw expected(`there is no reproduction ${JSON.stringify(name)}; there are:\n${list}`);
  await found.run(args);
});
