import { type Dataset, sprites } from "@isthmus/data";
import { loadCifar10, loadMnistSplits } from "@isthmus/data/node";
import { createWasmEngine } from "@isthmus/wasm";
import { readableJson } from "../../bench/report/json.ts";
import { loadAverage, machine } from "../../bench/report/machine.ts";
import { revision } from "../../bench/report/revision.ts";
import { writeResults } from "../../bench/report/write.ts";
import { keptIn } from "./checkpoints.ts";
import { dataFacts, requireMnist } from "./data.ts";
import { DEFAULT_OUT, helpOf, type ReproduceOptions, reproduceOptions } from "./options.ts";
import { reproductionsPage, resultTable, storedResults } from "./page.ts";
import { type Context, type Made, passed, type Reproduction, type Splits } from "./reproduction.ts";
import type { Results } from "./results.ts";

const tell = (line: string): void => void process.stderr.write(`${line}\n`);

/** Makes a family's results and writes them; where they go to docs, the page of all families too. */
export async function runReproduction(reproduction: Reproduction, args: readonly string[]): Promise<void> {
  const options = reproduceOptions(args, reproduction);
  if (options.help) return void process.stdout.write(helpOf(reproduction));
  const { results, files } = await made(reproduction, options);
  process.stdout.write(`${resultTable(results)}\n`);
  if (options.epochs === undefined && results.rows.some((row) => passed(row) === false)) process.exitCode = 1;
  if (options.out === undefined) return tell("nothing was written: not the default run, and no --out");
  await writeResults(options.out, files);
  tell(`written to ${options.out}: ${Object.keys(files).join(", ")}`);
  if (options.out !== DEFAULT_OUT) return;
  await writeResults("docs", { "reproductions.md": reproductionsPage(await storedResults(DEFAULT_OUT)) });
  tell("written: docs/reproductions.md");
}

type Files = Readonly<Record<string, Uint8Array | string>>;

async function made(
  reproduction: Reproduction,
  options: ReproduceOptions,
): Promise<{ readonly results: Results; readonly files: Files }> {
  const engine = await createWasmEngine({ build: "simd128", threads: options.threads });
  const data = new Map<string, Dataset>();
  const folder = options.dataDir === undefined ? {} : { dataDir: options.dataDir };
  const before = loadAverage();
  const context: Context = {
    ...{ seeds: options.seeds, engine, tell },
    epochs: (usual) => options.epochs ?? usual,
    ...(options.checkpoints !== undefined && { kept: keptIn(options.checkpoints, reproduction.name) }),
    mnist: async () => {
      const splits = await loadMnistSplits(folder);
      requireMnist(splits.train);
      return remembered(data, splits);
    },
    cifar10: async () => {
      const [train, test] = [
        await loadCifar10({ ...folder, split: "train" }),
        await loadCifar10({ ...folder, split: "test" }),
      ];
      return remembered(data, { train, test });
    },
    sprites: (drawn) => {
      const all = sprites(drawn);
      data.set(all.name, all);
      return all;
    },
  };
  try {
    const came = await reproduction.run(context);
    const pictures = namedPictures(reproduction.name, came);
    const results: Results = {
      reproduction: reproduction.name,
      what: reproduction.what,
      protocol: came.protocol,
      rows: came.rows,
      details: came.details ?? {},
      pictures: Object.keys(pictures),
      date: new Date().toISOString(),
      revision: await revision(),
      machine: machine(),
      loadAverage: { before, after: loadAverage() },
      engine: { name: engine.name, build: engine.build },
      data: [...data.values()].map(dataFacts),
    };
    return { results, files: { [`${reproduction.name}.json`]: readableJson(results), ...pictures } };
  } finally {
    engine.dispose();
  }
}

function remembered(data: Map<string, Dataset>, splits: Splits): Splits {
  for (const [part, dataset] of Object.entries(splits)) data.set(`${dataset.name} ${part}`, dataset as Dataset);
  return splits;
}

function namedPictures(name: string, { pictures }: Made): Files {
  const entries = Object.entries(pictures).map(([part, content]) => {
    const ending = typeof content === "string" ? "svg" : "png";
    return [`${name}${part === "" ? "" : `-${part}`}.${ending}`, content] as const;
  });
  return Object.fromEntries(entries);
}
