import {
  bpskBitError,
  chain,
  type Channel,
  ebNoFromDb,
  type GivenChannelAutoencoder,
  type LinkTraining,
  measureLinks,
  uncodedBlockError,
} from "@isthmus/channel";
import type { Context, Made, Reproduction, Row } from "./harness/reproduction.ts";
import { blerRow, blocksText, type Links, REPORT_SEED, startsOf, trainedLinks, trainingText } from "./link-runs.ts";

const DB = 15;
const BLOCKS = 2e6;
const NOISE = { kind: "awgn" } as const;
const THREE_TAPS: Channel = chain({ kind: "multiTap", taps: 3 }, NOISE);
const LINK: GivenChannelAutoencoder = { k: 4, n: 8, complex: true, channel: THREE_TAPS, trainEbNoDb: DB };
const TRAINING: LinkTraining = {
  ...{ steps: 5000, batchSize: 512 },
  learningRate: { kind: "cosine", rate: 0.01, steps: 5000 },
};
/** Written for this comparison alone. */
const NUMPY = "an independent NumPy implementation, 15,000 to 25,000 steps from 0.001";

export const channelFading: Reproduction = {
  name: "channel-fading",
  what: "Links learned over three fading taps: a plain receiver, a radio transformer, one that knows the taps; and Rayleigh fading",
  minutes: 8,
  data: "made",
  run,
};

async function run(context: Context): Promise<Made> {
  const learn = (title: string, decoder: GivenChannelAutoencoder["decoder"]): Promise<Links> =>
    trainedLinks(context, title, { ...LINK, decoder: decoder! }, TRAINING);
  const plain = await learn("plain receiver", { hidden: [64] });
  const transformer = await learn("radio transformer", { hidden: [64], equaliser: { taps: 3, hidden: [64] } });
  const told = await learn("receiver that knows the taps", { hidden: [64], state: true });
  const rayleigh = await trainedLinks(context, "Rayleigh", RAYLEIGH, TRAINING);
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
      await blerRow(context, rayleigh, {
        ...{ ...at, what: "(4,8) real, Rayleigh in each use, known", ebNoDb: 10 },
        published: { figures: uncodedRayleigh(10).toPrecision(3), source: "four uncoded bits, closed form" },
      }),
    ],
    protocol: {
      link: "16 messages in 8 complex uses, three taps of equal mean power, fresh for each block; receiver 16-64-16, ReLU; the radio transformer estimates 3 taps by 64 units and filters with them",
      training: trainingText(TRAINING),
      Rayleigh:
        "16 messages in 8 real uses, gains of Rayleigh fading, independent from use to use, told to the receiver; trained at 10 dB",
    },
    details: {
      plain: startsOf(plain),
      transformer: startsOf(transformer),
      told: startsOf(told),
      rayleigh: startsOf(rayleigh),
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
