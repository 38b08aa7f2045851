import { parseArgs } from "node:util";
import { expected } from "../lib/process.mjs";

export interface VaeMnistOptions {
  readonly seeds: readonly number[];
  readonly epochs: number;
  readonly dataDir: string | undefined;
  /** Where the results are written; `undefined`: nowhere. */
  readonly out: string | undefined;
  readonly help: boolean;
}

const DEFAULT_SEEDS = "1,2,3";
const DEFAULT_EPOCHS = "10";
const DEFAULT_OUT = "docs/results";

export const HELP = `Trains the VAE of PyTorch's examples on MNIST and measures its ELBO on the test images, z drawn.

  npm run reproduce vae-mnist [-- --seeds ${DEFAULT_SEEDS} --epochs ${DEFAULT_EPOCHS} --data-dir DIR --out DIR]

  --seeds      one training each (default ${DEFAULT_SEEDS})
  --epochs     (default ${DEFAULT_EPOCHS}: what the published runs did)
  --data-dir   the folder of the MNIST files; otherwise they are looked for as the isthmus command does
  --out        a folder for vae-mnist.json, .md and .svg; default ${DEFAULT_OUT} with the default seeds and epochs,
               else nothing is written

About a minute a seed. MNIST must be there or be downloadable: synthetic digits prove nothing here.

  npm run reproduce vae-mnist -- --seeds 7 --epochs 2 --out out
`;

/** @throws an expected error that names the option */
export function vaeMnistOptions(args: readonly string[]): VaeMnistOptions {
  const values = parsed(args);
  const seeds = values.seeds.split(",").map((text) => whole("--seeds", text, 0));
  const epochs = whole("--epochs", values.epochs, 1);
  const isDefault = values.seeds === DEFAULT_SEEDS && values.epochs === DEFAULT_EPOCHS;
  const out = values.out ?? (isDefault ? DEFAULT_OUT : undefined);
  return { seeds, epochs, dataDir: values["data-dir"], out, help: values.help };
}

function parsed(args: readonly string[]) {
  const options = {
    seeds: { type: "string", default: DEFAULT_SEEDS },
    epochs: { type: "string", default: DEFAULT_EPOCHS },
    "data-dir": { type: "string" },
    out: { type: "string" },
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
