import {
  bestTraining,
  bpskBitError,
  type Comparison,
  compareSystems,
  ebNoFromDb,
  hammingCodebook,
  neuralReceiver,
  requireAboveSpherePacking,
  type SimulatedPoint,
  simulate,
  spherePackingBound,
  type TrainedLink,
  uncodedBlockError,
} from "@isthmus/channel";
import { errorRateChart, type RatePoint } from "@isthmus/plot";
import type { Context, Made, Reproduction, Row } from "./harness/reproduction.ts";
import { blerRow, blocksText, type Links, REPORT_SEED, startsOf, trainedLinks, trainingText } from "./link-runs.ts";

const LINK = { k: 4, n: 7 } as const;
const PAIRED_BLOCKS = 5e7;
const BLOCKS = 1e7;
/** BLER of the Hamming code with maximum likelihood, the lines that the learned link has to come below. */
const HAMMING = { 4: 1.182e-2, 6: 7.97e-4 } as const;

export const channelHamming: Reproduction = {
  name: "channel-hamming",
  what: "A learned (7,4) link with its own receiver against the Hamming code with maximum likelihood",
  minutes: 8,
  data: "made",
  run,
};

async function run(context: Context): Promise<Made> {
  const training = bestTraining();
  const links = await trainedLinks(context, "(7,4)", LINK, training);
  const paired: Comparison[] = [];
  for (const ebNoDb of [4, 6]) paired.push(await againstHamming(context, links.chosen, ebNoDb));
  const receivers = await ownReceiverLoses(context, links.chosen);
  const rows: Row[] = [
    await blerRow(context, links, {
      what: "every start, 4 dB",
      ebNoDb: 4,
      blocks: BLOCKS,
      published: hamming(4),
      withSeconds: true,
    }),
    await blerRow(context, links, { what: "every start, 6 dB", ebNoDb: 6, blocks: BLOCKS, published: hamming(6) }),
    ...paired.flatMap((one, i) => pairedRows(one, links, i === 0 ? 4 : 6)),
    receivers.row,
  ];
  return {
    rows,
    protocol: {
      link: "16 messages, embedding, energy 7; receiver 7-64-16, ReLU; trained at 3 dB, the default of this rate",
      training: `${trainingText(training)}: the defaults`,
      choice:
        "of the starts, the one with the fewest wrong blocks of its own receiver in 1 million at 3 dB, on noise of seed 2^32",
      report: `on noise of seed ${REPORT_SEED}; paired: the same messages and the same noise for both codes`,
    },
    details: {
      starts: startsOf(links),
      paired: paired.map((one) => ({ ...one, a: { ...one.a }, b: { ...one.b }, interval: [...one.interval] })),
      receivers: receivers.details,
    },
    pictures: { "": await waterfall(context, links.chosen) },
  };
}

function hamming(ebNoDb: 4 | 6): Row["published"] {
  return { figures: String(HAMMING[ebNoDb]), source: "Hamming (7,4), maximum likelihood, Monte-Carlo" };
}

async function againstHamming({ engine, tell }: Context, link: TrainedLink, ebNoDb: number): Promise<Comparison> {
  const receiver = await neuralReceiver(link, engine);
  const made = await compareSystems(
    { codebook: link.codebook, receiver },
    { codebook: hammingCodebook() },
    { ebNoDb, blocks: PAIRED_BLOCKS, seed: REPORT_SEED },
  );
  receiver.dispose();
  requireAboveSpherePacking(link.codebook, [{ ebNoDb, ...made.a }]);
  tell(
    `${ebNoDb} dB: learned ${made.a.blockErrors}, Hamming ${made.b.blockErrors} wrong of ${made.blocks}; only one of them: ${made.onlyA} and ${made.onlyB}`,
  );
  return made;
}

function pairedRows(one: Comparison, { chosenSeed: seed }: Links, ebNoDb: 4 | 6): Row[] {
  const of = `${blocksText(PAIRED_BLOCKS)}, the same messages and noise for both`;
  return [
    {
      ...{ what: `the chosen start, ${ebNoDb} dB`, unit: "", published: hamming(ebNoDb) },
      convention: `BLER, own receiver; chosen on other noise; ${of}`,
      runs: [{ seed, value: one.a.blockErrors / one.blocks, seconds: 0 }],
      line: { most: HAMMING[ebNoDb] },
    },
    {
      ...{ what: `the chosen start, ${ebNoDb} dB: p of "no better than Hamming"`, unit: "", published: null },
      convention: `${of}; ${one.onlyA} blocks that only it got wrong, ${one.onlyB} that only Hamming did; McNemar's exact test, one-sided`,
      runs: [{ seed, value: one.pAIsBetter, seconds: 0 }],
      line: { most: 1e-3 },
    },
  ];
}

/** How much of what is lost is the receiver's: against maximum likelihood on the same points. */
async function ownReceiverLoses({ engine }: Context, link: TrainedLink) {
  const receiver = await neuralReceiver(link, engine);
  const { codebook } = link;
  const made = await compareSystems(
    { codebook, receiver },
    { codebook },
    { ebNoDb: 4, blocks: BLOCKS, seed: REPORT_SEED + 1 },
  );
  receiver.dispose();
  const row: Row = {
    ...{
      what: "own receiver over maximum likelihood on the learned points, 4 dB: wrong blocks",
      unit: "",
      published: null,
    },
    convention: `${blocksText(BLOCKS)}, paired; 1 is a perfect receiver`,
    runs: [{ seed: link.restarts[0]!.seed, value: made.a.blockErrors / made.b.blockErrors, seconds: 0 }],
  };
  return { row, details: { own: made.a.blockErrors, maximumLikelihood: made.b.blockErrors, blocks: made.blocks } };
}

async function waterfall({ engine }: Context, link: TrainedLink): Promise<string> {
  const receiver = await neuralReceiver(link, engine);
  const ebNoDb = [0, 1, 2, 3, 4, 5, 6, 7];
  const options = { ebNoDb, targetErrors: 2000, maxBlocks: 2e7, seed: REPORT_SEED + 2 };
  const learned = (await simulate({ codebook: link.codebook, receiver, ...options })).points;
  const hammingPoints = (await simulate({ codebook: hammingCodebook(), ...options })).points;
  receiver.dispose();
  requireAboveSpherePacking(link.codebook, learned);
  const measured = ({ ebNoDb: x, bler: rate, blerInterval: interval }: SimulatedPoint): RatePoint => ({
    x,
    rate,
    interval,
  });
  const computed = (rate: (db: number) => number): RatePoint[] => ebNoDb.map((x) => ({ x, rate: rate(x) }));
  return errorRateChart({
    title: "A learned (7,4) link, its own receiver included",
    subtitle: "bars are 95 % intervals",
    curves: [
      {
        name: "uncoded",
        line: "dashed",
        points: computed((db) => uncodedBlockError(4, bpskBitError(ebNoFromDb(db)))),
      },
      { name: "Hamming, maximum likelihood", points: hammingPoints.map(measured) },
      { name: "learned", points: learned.map(measured) },
      {
        name: "sphere packing (Shannon 1959)",
        line: "dashed",
        points: computed((db) => spherePackingBound(LINK, ebNoFromDb(db))),
      },
    ],
    gaps: [
      { between: ["learned", "uncoded"], rate: 1e-2 },
      { between: ["sphere packing (Shannon 1959)", "learned"], rate: 1e-3 },
    ],
  });
}
