import { bpskBitError, ebNoFromDb, type LinkTraining, uncodedBlockError } from "@isthmus/channel";
import type { Context, Made, Reproduction, Row } from "./harness/reproduction.ts";
import { blerRow, blocksText, type Links, measured, startsOf, trainedLinks, trainingText } from "./link-runs.ts";

const TRAINING: LinkTraining = {
  ...{ steps: 10_000, batchSize: 1024 },
  learningRate: { kind: "cosine", rate: 0.1, steps: 10_000 },
};
const SMALL: LinkTraining = { steps: 4000, batchSize: 1024, learningRate: { kind: "cosine", rate: 3e-3, steps: 4000 } };
const PAPER = "O'Shea, Hoydis 2017, read off figure 3b";

export const channelRateOne: Reproduction = {
  name: "channel-rate-one",
  what: "Learned links of one bit per use: (8,8) against the published one, (2,2) against QPSK",
  minutes: 6,
  data: "made",
  run,
};

async function run(context: Context): Promise<Made> {
  const eight = await trainedLinks(context, "(8,8)", { k: 8, n: 8, trainEbNoDb: 4, decoder: { hidden: [] } }, TRAINING);
  const two = await trainedLinks(context, "(2,2)", { k: 2, n: 2 }, SMALL);
  const rows: Row[] = [
    await blerRow(context, eight, {
      ...{ what: "(8,8), 4 dB", ebNoDb: 4, blocks: 1e6, withSeconds: true },
      published: { figures: "4.4e-2", source: PAPER },
      line: { most: 4e-2 },
    }),
    await blerRow(context, eight, {
      ...{ what: "(8,8), 7 dB", ebNoDb: 7, blocks: 4e6 },
      published: { figures: "8.2e-4", source: PAPER },
      line: { most: 6e-4 },
    }),
    await qpskRow(context, two, 4),
    await qpskRow(context, two, 6),
  ];
  return {
    rows,
    protocol: {
      "(8,8)":
        "256 messages, embedding, energy 8; receiver 8-256, one dense layer, which is what maximum likelihood comes to for signals of one energy in white noise; trained at 4 dB",
      "(2,2)": "4 messages, embedding, energy 2; receiver 2-64-4, ReLU; trained at 4.5 dB, the default of this rate",
      training: `(8,8): ${trainingText(TRAINING)}; (2,2): ${trainingText(SMALL)}`,
    },
    details: { eight: startsOf(eight), two: startsOf(two) },
    pictures: {},
  };
}

/** QPSK is the best there is in two dimensions: sphere packing of Shannon (1959) is exact. */
async function qpskRow(context: Context, { made }: Links, ebNoDb: number): Promise<Row> {
  const blocks = 1e7;
  const qpsk = uncodedBlockError(2, bpskBitError(ebNoFromDb(ebNoDb)));
  const runs: { seed: number; value: number; seconds: number }[] = [];
  for (const [i, link] of made.entries()) {
    const { bler } = await measured(context, link, ebNoDb, blocks);
    runs.push({ seed: context.seeds[i]!, value: bler / qpsk, seconds: link.restarts[0]!.seconds });
  }
  return {
    ...{ what: `(2,2), ${ebNoDb} dB, over QPSK`, unit: "", runs },
    convention: `BLER, own receiver, ${blocksText(blocks)} per start, divided by QPSK's in closed form; below 1 is chance`,
    published: { figures: qpsk.toPrecision(4), source: "QPSK, closed form: the best there is" },
    line: { most: 1.02 },
  };
}
