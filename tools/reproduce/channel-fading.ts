import {
  bpskBitError,
  chain,
  type Channel,
  differentialCodebook,
  differentialDetection,
  differentialHammingCode,
  ebNoFromDb,
  type GivenChannelAutoencoder,
  hammingCodebook,
  type LinkTraining,
  measureLinks,
  multiTap,
  nonCoherentMaximumLikelihood,
  rayleigh,
  simulate,
  type System,
  type TrainedLink,
  uncodedBlockError,
} from "@isthmus/channel";
import type { Context, Made, Reproduction, Row } from "./harness/reproduction.ts";
import { blerRow, blocksText, type Links, REPORT_SEED, startsOf, trainedLinks, trainingText } from "./link-runs.ts";

const DB = 15;
const BLOCKS = 2e6;
const NOISE = { kind: "awgn" } as const;
const THREE_TAPS: Channel = chain({ kind: "multiTap", taps: 3 }, NOISE);
const LINK: GivenChannelAutoencoder = { k: 4, n: 8, complex: true, channel: THREE_TAPS, trainEbNoDb: DB };
const training = (steps: number): LinkTraining => ({
  ...{ steps, batchSize: 512 },
  learningRate: { kind: "cosine", rate: 0.02, steps },
});
const TRAINING = training(25_000);
/** Without an equaliser a step is cheap, and more of them still help. */
const LONG = training(40_000);
/** Written for this comparison alone. */
const NUMPY = "an independent NumPy implementation, 15,000 to 25,000 steps from 0.001";
const NUMPY_CODE = "simulated in NumPy for this comparison";
const TRANSFORMER = { hidden: [64], equaliser: { taps: 3, hidden: [64] } };

export const channelFading: Reproduction = {
  name: "channel-fading",
  what: "Links learned over three fading taps: a plain receiver, a radio transformer, those that know the taps, and known codes beside them; and Rayleigh fading",
  minutes: 20,
  data: "made",
  run,
};

async function run(context: Context): Promise<Made> {
  const learn = (title: string, decoder: GivenChannelAutoencoder["decoder"]): Promise<Links> =>
    trainedLinks(context, title, { ...LINK, decoder: decoder! }, decoder?.equaliser ? TRAINING : LONG);
  const plain = await learn("plain receiver", { hidden: [64] });
  const transformer = await learn("radio transformer", TRANSFORMER);
  const told = await learn("receiver that knows the taps", { hidden: [64], state: true });
  const both = await learn("radio transformer that knows the taps", { ...TRANSFORMER, state: true });
  const faded = await trainedLinks(context, "Rayleigh", RAYLEIGH, TRAINING);
  const at = { ebNoDb: DB, blocks: BLOCKS, withSeconds: true };
  return {
    rows: [
      await blerRow(context, plain, {
        ...at,
        what: "three taps, plain receiver",
        published: { figures: "9.5e-3 to 1.01e-2", source: NUMPY },
      }),
      await blerRow(context, transformer, {
        ...{ ...at, what: "three taps, radio transformer", line: { most: 8e-3 } },
        published: { figures: "6.7e-3 to 7.4e-3", source: NUMPY },
      }),
      await pairedRow(context, plain, transformer),
      await blerRow(context, told, {
        ...at,
        what: "three taps, receiver that knows them",
        published: { figures: "4.9e-4", source: NUMPY },
      }),
      await blerRow(context, both, {
        ...{ ...at, what: "three taps, radio transformer that knows them", published: null },
      }),
      await limitRow(context, "radio transformer's points, best receiver", transformer, UNKNOWN, {
        figures: "4.6e-3",
        source: NUMPY,
      }),
      await limitRow(context, "points of the receiver that knows the taps, best receiver", told, KNOWN, {
        figures: "2.2e-4",
        source: NUMPY,
      }),
      ...(await differentialRows(context)),
      await blerRow(context, faded, {
        ...{ ...at, what: "(8,4) real, Rayleigh in each use, known", ebNoDb: 10 },
        published: { figures: uncodedRayleigh(10).toPrecision(3), source: "four uncoded bits, closed form" },
      }),
      await hammingRow(context),
    ],
    protocol: {
      link: "16 messages in 8 complex uses, three taps of equal mean power, fresh for each block; receiver 16-64-16, ReLU; the radio transformer estimates 3 taps by 64 units and filters with them",
      "best receiver":
        "maximum likelihood: told the taps, the nearest of what they make of the points; not told, the most likely by the covariance that the taps give to each point",
      DBPSK:
        "Hamming's (7,4) code by differential BPSK in 8 complex uses, its positions in the order of thirty whose words are confused least; the NumPy figures are of another order",
      training: `radio transformers and Rayleigh: ${trainingText(TRAINING)}; receivers without an equaliser: ${trainingText(LONG)}`,
      Rayleigh:
        "16 messages in 8 real uses, gains of Rayleigh fading, independent from use to use, told to the receiver; trained at 10 dB",
    },
    details: {
      plain: startsOf(plain),
      transformer: startsOf(transformer),
      told: startsOf(told),
      both: startsOf(both),
      rayleigh: startsOf(faded),
    },
    pictures: {},
  };
}

const RAYLEIGH: GivenChannelAutoencoder = {
  ...{ k: 4, n: 8, channel: chain({ kind: "rayleigh", per: "symbol" }, NOISE), trainEbNoDb: 10 },
  decoder: { state: true },
};

const uncodedRayleigh = (decibels: number): number =>
  uncodedBlockError(4, bpskBitError(ebNoFromDb(decibels), "rayleigh"));

const UNKNOWN = { taps: 3, known: false } as const;
const KNOWN = { taps: 3, known: true } as const;
type Taps = typeof UNKNOWN | typeof KNOWN;

/** Blocks that are decided by formula. */
const SIMULATED = { targetErrors: 4000, maxBlocks: 5e6 };

async function overTaps(codebook: System["codebook"], taps: Taps, seed: number): Promise<number> {
  const receiver = taps.known ? {} : { receiver: nonCoherentMaximumLikelihood(codebook, taps) };
  return rateOf({ codebook, channel: multiTap(taps), ...receiver }, DB, seed);
}

async function rateOf(system: System, ebNoDb: number, seed: number): Promise<number> {
  const { points } = await simulate({ ...system, ebNoDb, seed, ...SIMULATED });
  return points[0]!.bler;
}

const simulatedText = (ebNoDb: number): string =>
  `BLER at Eb/N0 ${ebNoDb} dB, until ${SIMULATED.targetErrors} blocks were wrong or ${blocksText(SIMULATED.maxBlocks)} sent`;

/** What each start's points could do with the best of receivers. */
async function limitRow(
  { seeds, tell }: Context,
  what: string,
  { made }: Links,
  taps: Taps,
  published: Row["published"],
): Promise<Row> {
  const value = ({ codebook }: TrainedLink): Promise<number> => overTaps(codebook, taps, REPORT_SEED);
  const runs: { seed: number; value: number; seconds: number }[] = [];
  for (const [i, link] of made.entries()) runs.push({ seed: seeds[i]!, value: await value(link), seconds: 0 });
  tell(`${what}: ${runs.map((run) => run.value.toExponential(3)).join(" ")}`);
  return { what: `three taps, ${what}`, unit: "", convention: simulatedText(DB), published, runs };
}

async function simulatedRow(
  { seeds, tell }: Context,
  what: string,
  ebNoDb: number,
  published: Row["published"],
  rate: (seed: number) => Promise<number>,
): Promise<Row> {
  const runs: { seed: number; value: number; seconds: number }[] = [];
  for (const seed of seeds) runs.push({ seed, value: await rate(seed), seconds: 0 });
  tell(`${what}: ${runs.map((run) => run.value.toExponential(3)).join(" ")}`);
  return { what, unit: "", convention: simulatedText(ebNoDb), published, runs };
}

/** What was known before, and needs no training: nothing of them depends on the taps. */
async function differentialRows(context: Context): Promise<Row[]> {
  const code = differentialHammingCode();
  const codebook = differentialCodebook(code);
  const differential = { codebook, channel: multiTap(UNKNOWN), receiver: differentialDetection(code) };
  const row = (what: string, figures: string, rate: (seed: number) => Promise<number>): Promise<Row> =>
    simulatedRow(context, `three taps, ${what}`, DB, { figures, source: NUMPY_CODE }, rate);
  return [
    await row("DBPSK with Hamming's code, differential detection", "0.57", (seed) => rateOf(differential, DB, seed)),
    await row("the same, best receiver that is not told the taps", "2.8e-2", (seed) => {
      return overTaps(codebook, UNKNOWN, seed);
    }),
    await row("the same, best receiver that knows the taps", "8.6e-4", (seed) => overTaps(codebook, KNOWN, seed)),
  ];
}

function hammingRow(context: Context): Promise<Row> {
  const system = { codebook: hammingCodebook(), channel: rayleigh({ per: "use" }) };
  const published = { figures: "4.07e-3", source: NUMPY_CODE };
  return simulatedRow(context, "Hamming (7,4), Rayleigh in each use, known", 10, published, (seed) =>
    rateOf(system, 10, seed),
  );
}

/** Each seed's transformer against its plain receiver, over the same taps and noise. */
async function pairedRow({ engine, seeds }: Context, plain: Links, transformer: Links): Promise<Row> {
  const runs: { seed: number; value: number; seconds: number }[] = [];
  for (const [i, seed] of seeds.entries()) {
    const { links, alone } = await measureLinks([transformer.made[i]!, plain.made[i]!], {
      engine,
      ebNoDb: DB,
      blocks: BLOCKS,
      seed: REPORT_SEED + 1,
    });
    // Twice the standard error of the difference of paired counts, as a share of the plain receiver's.
    const [only, other] = [alone[0]![1]!, alone[1]![0]!];
    const upper = (links[0]!.blockErrors + 2 * Math.sqrt(only + other)) / links[1]!.blockErrors;
    runs.push({ seed, value: upper, seconds: 0 });
  }
  return {
    ...{
      what: "three taps: wrong blocks of the radio transformer per wrong block of the plain receiver",
      unit: "",
      published: null,
      runs,
    },
    convention: `${blocksText(BLOCKS)}, the same messages, taps and noise for both; the upper end of two standard errors`,
    line: { most: 1 },
  };
}
