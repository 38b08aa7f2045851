import { ebNoFromDb, measureTwoUsers, messages, timeSharingBlockError, twoUsers } from "@isthmus/channel";
import { fit } from "@isthmus/train";
import type { Context, Made, PassLine, Reproduction, Row, SeedRun } from "./harness/reproduction.ts";
import { blocksText, REPORT_SEED } from "./link-runs.ts";

const BATCH = 512;
const BLOCKS = 1e6;

interface Users {
  readonly k: number;
  /** Complex uses that both share. */
  readonly n: number;
  readonly trainEbNoDb: number;
  /** At which they are measured, where time sharing has some 1e-3 wrong blocks. */
  readonly ebNoDb: number;
  readonly steps: number;
  readonly line?: PassLine;
}

const LINKS: readonly Users[] = [
  { k: 2, n: 2, trainEbNoDb: 6, ebNoDb: 8, steps: 4096 },
  { k: 4, n: 4, trainEbNoDb: 6, ebNoDb: 8, steps: 4096, line: { most: 1 } },
  { k: 8, n: 4, trainEbNoDb: 10, ebNoDb: 12, steps: 3072, line: { most: 1 } },
];

export const channelTwoUsers: Reproduction = {
  name: "channel-two-users",
  what: "Two links learned in the same uses of a channel, each as loud at the other's receiver as at its own, against taking turns",
  minutes: 6,
  data: "made",
  run,
};

async function run(context: Context): Promise<Made> {
  const rows: Row[] = [];
  for (const users of LINKS) rows.push(...(await rowsOf(context, users)));
  return {
    rows,
    protocol: {
      links:
        "of two users each, k bits in n complex uses of unit mean power; embedding, receiver of one hidden layer, ReLU; both trained together",
      "taking turns": "each sends QAM without a code in half of the uses, with the energy of all of them",
      training: `Adam, cosine from 0.02 to 0, batch ${BATCH}, ${LINKS.map(({ k, n, steps }) => `(${n},${k}) ${steps} steps`).join(", ")}`,
    },
    pictures: {},
  };
}

async function rowsOf(context: Context, users: Users): Promise<Row[]> {
  const { k, n, ebNoDb, line } = users;
  const [first, second, worse]: [SeedRun[], SeedRun[], SeedRun[]] = [[], [], []];
  const turns = timeSharingBlockError({ k, n, complex: true }, ebNoFromDb(ebNoDb));
  for (const seed of context.seeds) {
    const { rates, seconds } = await learned(context, users, seed);
    first.push({ seed, value: rates[0], seconds });
    second.push({ seed, value: rates[1], seconds: 0 });
    worse.push({ seed, value: Math.max(...rates) / turns, seconds: 0 });
    context.tell(`(${n},${k}), seed ${seed}: ${rates.join(" and ")}, turns ${turns.toExponential(3)}`);
  }
  const convention = `BLER at Eb/N0 ${ebNoDb} dB, own receiver, ${blocksText(BLOCKS)} of both users`;
  const published = { figures: turns.toPrecision(3), source: "taking turns, closed form" };
  return [
    { what: `(${n},${k}), first user`, unit: "", convention, published, runs: first },
    { what: `(${n},${k}), second user`, unit: "", convention, published, runs: second },
    {
      ...{ what: `(${n},${k}), the worse user over taking turns`, unit: "", published: null, runs: worse },
      convention: "its wrong blocks by those of taking turns",
      ...(line && { line }),
    },
  ];
}

async function learned(
  { engine, epochs }: Context,
  { k, n, trainEbNoDb, ebNoDb, steps }: Users,
  seed: number,
): Promise<{ readonly rates: readonly [number, number]; readonly seconds: number }> {
  const definition = twoUsers({ k, n, complex: true, trainEbNoDb, normalize: "average" });
  const train = messages({ k: 2 * k, items: 2 ** 16 });
  const perEpoch = 2 ** 16 / BATCH;
  const count = epochs(steps / perEpoch);
  const { parameters, seconds } = await fit(
    definition,
    { train },
    {
      ...{ engine, seed, epochs: count, batchSize: BATCH },
      learningRate: { kind: "cosine", rate: 0.02, steps: count * perEpoch },
    },
  );
  const { first, second } = await measureTwoUsers(
    { definition, parameters },
    { engine, ebNoDb, blocks: BLOCKS, seed: REPORT_SEED },
  );
  return { rates: [first.bler, second.bler], seconds };
}
