import {
  bitwiseMutualInformation,
  ebNoFromEsNo,
  esNoFromDb,
  type LinkTraining,
  measureLink,
  qamCodebook,
  toDb,
} from "@isthmus/channel";
import { scatterChart } from "@isthmus/plot";
import type { Context, Made, Reproduction, Row } from "./harness/reproduction.ts";
import { blocksText, type Links, REPORT_SEED, startsOf, trainedLinks, trainingText } from "./link-runs.ts";

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
    rows: [await ownRow(context, links, published), exactRow(context, links, published)],
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
async function ownRow({ engine, seeds }: Context, { made }: Links, published: Row["published"]): Promise<Row> {
  const runs: { seed: number; value: number; seconds: number }[] = [];
  for (const [i, link] of made.entries()) {
    const { information } = await measureLink(link, { engine, ebNoDb: EB_NO_DB, blocks: BLOCKS, seed: REPORT_SEED });
    runs.push({ seed: seeds[i]!, value: information, seconds: link.restarts[0]!.seconds });
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
  const { points, labels } = codebook;
  return scatterChart({
    ...{
      title: "64 points learned with their labels",
      subtitle: `Es/N0 ${ES_NO_DB} dB; average power 1`,
      width: 640,
      height: 660,
    },
    ...{ x: { name: "in phase" }, y: { name: "in quadrature" }, legend: false },
    points: Array.from(labels, (_, i) => [points[2 * i]!, points[2 * i + 1]!] as const),
    classes: Array.from(labels, (__, i) => i),
    classNames: Array.from(labels, (label) => label.toString(2).padStart(6, "0")),
    rings: [{ radius: 1, name: "1" }],
  });
}
