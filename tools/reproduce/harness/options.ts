import { parseArgs } from "node:util";
import { expected } from "../../lib/process.mjs";
import type { Reproduction } from "./reproduction.ts";

export interface ReproduceOptions {
  readonly seeds: readonly number[];
  /** `undefined`: each training's own. */
  readonly epochs: number | undefined;
  readonly dataDir: string | undefined;
  /** Where the results are written; `undefined`: nowhere. */
  readonly out: string | undefined;
  /** Where trainings leave checkpoints and go on from them; `undefined`: nowhere. */
  readonly checkpoints: string | undefined;
  /** Of the engine; results do not depend on it. */
  readonly threads: number;
  readonly help: boolean;
}

const DEFAULT_SEEDS = [1, 2, 3];
export const DEFAULT_OUT = "docs/results";

export function helpOf({ name, what, minutes, seeds = DEFAULT_SEEDS, data = "files" }: Reproduction): string {
  const isRead = data === "files";
  return `${what}.

  npm run reproduce ${name} [-- --seeds ${seeds.join()} --epochs N${isRead ? " --data-dir DIR" : ""} --out DIR --checkpoints DIR --threads N]

  --seeds        one training each (default ${seeds.join()}); every one is reported
  --epochs       of every training, for a quick look (default: each training's own)
${isRead ? DATA_DIR : ""}  --out          a folder for the figures and pictures; default ${DEFAULT_OUT} with the default seeds and epochs, else nothing
                 is written
  --checkpoints  a folder where trainings leave their state after each epoch; called again, they go on from there
  --threads      that share the work (default 1); results do not depend on it

About ${minutes} minutes for all seeds. ${isRead ? REAL : "Everything is drawn by code, from the seeds: no data are read."}
`;
}

const DATA_DIR =
  "  --data-dir     the folder of the MNIST files; otherwise they are looked for as the isthmus command does\n";
const REAL = "The real data must be there or be downloadable: synthetic digits prove nothing here.";

/** @throws an expected error that names the option */
export function reproduceOptions(
  args: readonly string[],
  { seeds: usual = DEFAULT_SEEDS, data = "files" }: Pick<Reproduction, "seeds" | "data"> = {},
): ReproduceOptions {
  const values = parsed(args, usual.join());
  if (data === "made" && values["data-dir"] !== undefined) throw expected("--data-dir: no data are read here");
  const seeds = values.seeds.split(",").map((text) => whole("--seeds", text, 0));
  const epochs = values.epochs === undefined ? undefined : whole("--epochs", values.epochs, 1);
  const isDefault = values.seeds === usual.join() && epochs === undefined;
  const out = values.out ?? (isDefault ? DEFAULT_OUT : undefined);
  const threads = whole("--threads", values.threads, 1);
  return {
    seeds,
    epochs,
    dataDir: values["data-dir"],
    out,
    checkpoints: values.checkpoints,
    threads,
    help: values.help,
  };
}

function parsed(args: readonly string[], seeds: string) {
  const options = {
    seeds: { type: "string", default: seeds },
    epochs: { type: "string" },
    "data-dir": { type: "string" },
    out: { type: "string" },
    checkpoints: { type: "string" },
    threads: { type: "string", default: "1" },
    help: { type: "boolean", default: false },
  } as const;
  try {
    return parseArgs({ args: [...args], options }).values;
  } catch (error) {
    throw expected((error as Error).message);
  }
}

function whole(option: string, text: string, least: number): number {
  const value = Number(text);
  if (text.trim() !== "" && Number.isSafeInteger(value) && value >= least) return value;
  throw expected(`${option} expected whole numbers >= ${least}, got ${JSON.stringify(text)}`);
}
