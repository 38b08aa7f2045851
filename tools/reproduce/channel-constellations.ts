import {
  type Codebook,
  ebNoFromDb,
  exactSymbolError,
  type GivenChannelAutoencoder,
  type LinkTraining,
  measurePower,
  pskCodebook,
  qamCodebook,
} from "@isthmus/channel";
import { constellationChart } from "@isthmus/plot";
import type { Context, Made, Reproduction, Row } from "./harness/reproduction.ts";
import {
  blerRow,
  blocksText,
  chosenRow,
  type Links,
  measured,
  pointsInPlane,
  startsOf,
  trainedLinks,
  trainingText,
} from "./link-runs.ts";

const LINK = { k: 4, n: 1, complex: true, trainEbNoDb: 7 } as const;
const TRAINING: LinkTraining = {
  ...{ steps: 3000, batchSize: 1024 },
  learningRate: { kind: "cosine", rate: 0.05, steps: 3000 },
};
const DB = 7;
const BLOCKS = 1e7;

/** Points whose best receiver errs no more often are the rings 1 + 5 + 5 + 5, the best that are known (5.38e-2). */
const RINGS_MOST = 5.42e-2;

export const channelConstellations: Reproduction = {
  name: "channel-constellations",
  what: "16 points in one complex use, learned under energy, average power and amplitude: (2,4) of the paper",
  minutes: 4,
  data: "made",
  seeds: [1, 2, 3, 4, 5],
  run,
};

async function run(context: Context): Promise<Made> {
  const links = async (title: string, more: Partial<GivenChannelAutoencoder>): Promise<Links> =>
    trainedLinks(context, title, { ...LINK, ...more }, TRAINING);
  const energy = await links("energy", { normalize: "energy" });
  const average = await links("average power", { normalize: "average" });
  const amplitude = await links("amplitude", { normalize: "amplitude" });
  const psk = exactAt(pskCodebook(16));
  const qam = { figures: exactAt(qamCodebook(16)).toPrecision(4), source: "16-QAM, exact" };
  return {
    rows: [
      await overPskRow(context, energy, psk),
      await blerRow(context, average, {
        what: "average power, every start",
        ebNoDb: DB,
        blocks: BLOCKS,
        published: qam,
      }),
      await chosenRow(context, average, {
        ...{
          what: "average power, the chosen start",
          ebNoDb: DB,
          blocks: BLOCKS,
          published: qam,
          line: { most: 5.7e-2 },
        },
      }),
      exactRow(context, average, "average power, best receiver of the learned points", qam),
      exactRow(context, amplitude, "amplitude at most 1, best receiver of the learned points", null),
    ],
    protocol: {
      link: "16 messages in one complex use, embedding; receiver 2-64-16, ReLU; trained at 7 dB",
      training: trainingText(TRAINING),
      amplitude: "modulus at most 1; Eb/N0 is counted at unit power, of which the learned points use less",
      rings: `${ringsOf(average)} of ${average.made.length} starts under average power found the rings 1 + 5 + 5 + 5 (best receiver at most ${RINGS_MOST})`,
    },
    details: {
      ...{ energy: startsOf(energy), average: startsOf(average), amplitude: startsOf(amplitude) },
      rings: ringsOf(average),
    },
    pictures: {
      energy: picture(energy, "Energy: all points on the circle"),
      average: picture(average, "Average power: the paper's pentagons"),
      amplitude: picture(amplitude, "Amplitude: the disc is filled"),
    },
  };
}

const exactAt = (book: Codebook): number => exactSymbolError(book, ebNoFromDb(DB));
const ringsOf = ({ made }: Links): number => made.filter(({ codebook }) => exactAt(codebook) <= RINGS_MOST).length;

/** 16-PSK is the best there is of equal energy in the plane: sphere packing of Shannon (1959) is exact. */
async function overPskRow(context: Context, { made }: Links, psk: number): Promise<Row> {
  const runs: { seed: number; value: number; seconds: number }[] = [];
  for (const [i, link] of made.entries()) {
    const { bler } = await measured(context, link, DB, BLOCKS);
    runs.push({ seed: context.seeds[i]!, value: bler / psk, seconds: link.restarts[0]!.seconds });
  }
  return {
    ...{ what: "energy: over 16-PSK, which is the best there is", unit: "", runs },
    convention: `BLER at Eb/N0 ${DB} dB, own receiver, ${blocksText(BLOCKS)} per start, divided by 16-PSK's`,
    published: { figures: psk.toPrecision(4), source: "16-PSK, exact" },
    line: { most: 1.02 },
  };
}

function exactRow({ seeds }: Context, { made }: Links, what: string, published: Row["published"]): Row {
  return {
    ...{ what, unit: "", published },
    convention: `symbol error at Eb/N0 ${DB} dB, exact, by Craig's integrals over Voronoi cells`,
    runs: made.map(({ codebook }, i) => ({ seed: seeds[i]!, value: exactAt(codebook), seconds: 0 })),
  };
}

/** The points of the chosen start. */
function picture({ chosen: { codebook } }: Links, title: string): string {
  const { average, amplitude } = measurePower(codebook);
  return constellationChart({
    title,
    subtitle: `16 learned points; mean power ${average.toFixed(3)}, greatest amplitude ${amplitude.toFixed(3)}`,
    points: pointsInPlane(codebook),
    regions: "voronoi",
    rings: [{ radius: 1, name: "1" }],
  });
}
