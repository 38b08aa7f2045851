import {
  bitwiseMutualInformation,
  ebNoFromEsNo,
  esNoFromDb,
  type LinkTraining,
  measureLink,
  qamCodebook,
  toDb,
  type TrainedLink,
} from "@isthmus/channel";
import { constellationChart } from "@isthmus/plot";
import type { Context, Made, Reproduction, Row } from "./harness/reproduction.ts";
import {
  blocksText,
  type Links,
  pointsInPlane,
  REPORT_SEED,
  startsOf,
  trainedLinks,
  trainingText,
} from "./link-runs.ts";

const SIZE = { k: 6, n: 1, complex: true } as const;
/** Es/N0, at which 64 points are compared. */
const ES_NO_DB = 10.27;
const EB_NO_DB = toDb(ebNoFromEsNo(esNoFromDb(ES_NO_DB), SIZE));
const BLOCKS = 4e6;
const TRAINING: LinkTraining = {
  ...{ steps: 10_000, batchSize: 1024 },
  learningRate: { kind: "cosine", rate: 0.02, steps: 10_000 },
};

export const channelBits: Reproduction = {
  name: "channel-bits",
  what: "64 points and their labels, learned by bits, against 64-QAM with Gray labels",
  minutes: 10,
  data: "made",
  run,
};

async function run(context: Context): Promise<Made> {
  const given = {
    ...SIZE,
    loss: "bits",
    normalize: "average",
    trainEbNoDb: EB_NO_DB,
    decoder: { hidden: [64, 64] },
  } as const;
  const links = await trainedLinks(context, "64 points", given, TRAINING, qamCodebook(64));
  const qam = bitwiseMutualInformation(qamCodebook(64), ebNoFromEsNo(esNoFromDb(ES_NO_DB), SIZE));
  const published = { figures: qam.toFixed(3), source: "64-QAM, Gray labels, best receiver, by quadrature" };
  return {
    rows: [
      await ownRow(context, links, published),
      await chosenRow(context, links, published),
      exactRow(context, links, published),
    ],
    protocol: {
      link: "64 messages in one complex use, embedding that begins with 64-QAM and its Gray labels, average power; receiver 2-64-64-6, ReLU; a logit for each bit; trained at Es/N0 10.27 dB",
      training: trainingText(TRAINING),
      "best known": "3.403 bits, points and labels found by direct search",
    },
    details: { starts: startsOf(links) },
    pictures: { "": picture(links) },
  };
}

/** Six bits less the cross-entropy of the receiver's logits: what an outer code gets. */
async function carried({ engine }: Context, link: TrainedLink): Promise<number> {
  const options = { engine, ebNoDb: EB_NO_DB, blocks: BLOCKS, seed: REPORT_SEED };
  return (await measureLink(link, options)).information;
}

async function chosenRow(
  context: Context,
  { chosen, chosenSeed: seed }: Links,
  published: Row["published"],
): Promise<Row> {
  return {
    ...{ what: "the chosen start, with its own receiver", unit: "bits per use", published },
    convention: `Es/N0 ${ES_NO_DB} dB, ${blocksText(BLOCKS)}; the start that carries most on other noise`,
    runs: [{ seed, value: await carried(context, chosen), seconds: 0 }],
    line: { least: 3.38 },
  };
}

async function ownRow(context: Context, { made }: Links, published: Row["published"]): Promise<Row> {
  const runs: { seed: number; value: number; seconds: number }[] = [];
  for (const [i, link] of made.entries()) {
    const value = await carried(context, link);
    runs.push({ seed: context.seeds[i]!, value, seconds: link.restarts[0]!.seconds });
  }
  return {
    ...{ what: "bit-wise mutual information with the own receiver", unit: "bits per use", published, runs },
    convention: `Es/N0 ${ES_NO_DB} dB, ${blocksText(BLOCKS)} per start; a lower bound, whatever the receiver`,
    line: { least: 3.38 },
  };
}

function exactRow({ seeds }: Context, { made }: Links, published: Row["published"]): Row {
  const ebNo = ebNoFromEsNo(esNoFromDb(ES_NO_DB), SIZE);
  return {
    ...{ what: "bit-wise mutual information of the learned points", unit: "bits per use", published },
    convention: `Es/N0 ${ES_NO_DB} dB, best receiver, by quadrature`,
    runs: made.map(({ codebook }, i) => ({
      seed: seeds[i]!,
      value: bitwiseMutualInformation(codebook, ebNo),
      seconds: 0,
    })),
  };
}

function picture({ chosen: { codebook } }: Links): string {
  return constellationChart({
    title: "64 points learned with their labels",
    subtitle: `Es/N0 ${ES_NO_DB} dB; average power 1; points, bits, and what is nearest to each`,
    ...{ width: 820, height: 830 },
    points: pointsInPlane(codebook),
    labels: Array.from(codebook.labels, (label) => label.toString(2).padStart(6, "0")),
    regions: "voronoi",
    rings: [{ radius: 1, name: "1" }],
  });
}
