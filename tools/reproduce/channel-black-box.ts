import {
  type BlackBoxChannel,
  type BlackBoxLink,
  type LinkTraining,
  channelAutoencoder,
  measureLink,
  trainBlackBox,
} from "@isthmus/channel";
import { randomNormal } from "@isthmus/math";
import type { Context, Made, Reproduction } from "./harness/reproduction.ts";
import { blocksText, REPORT_SEED, startsOf, trainedLinks, trainingText } from "./link-runs.ts";

const LINK = { k: 4, n: 7, trainEbNoDb: 3 } as const;
const BLOCKS = 1e7;
const ROUNDS = 7500;
const SUPERVISED: LinkTraining = {
  ...{ steps: 6000, batchSize: 1024 },
  learningRate: { kind: "cosine", rate: 0.01, steps: 6000 },
};
const SETTINGS = {
  receiverSteps: 1,
  fineTuning: 3000,
  batchSize: 1024,
  learningRate: 8e-3,
  exploration: 0.1,
} as const;

export const channelBlackBox: Reproduction = {
  name: "channel-black-box",
  what: "A (7,4) link learned over a channel without gradient, beside one that is differentiated",
  minutes: 5,
  data: "made",
  seeds: [1, 2],
  run,
};

/** White noise, drawn by the host: no graph sees it, so nothing can be differentiated through it. */
const noise: BlackBoxChannel = {
  name: "white noise of the host",
  pass(sent, { deviation, step, seed }) {
    const z = new Float32Array(sent.length);
    randomNormal(z, { seed, stream: "black-box", step });
    return sent.map((x, i) => x + deviation * z[i]!);
  },
};

async function run(context: Context): Promise<Made> {
  const { seeds, engine, tell, epochs } = context;
  const supervised = await trainedLinks(context, "differentiated", LINK, SUPERVISED);
  const definition = channelAutoencoder(LINK);
  const entropy = async (parameters: BlackBoxLink["parameters"]): Promise<number> =>
    (await measureLink({ definition, parameters }, { engine, ebNoDb: 3, blocks: BLOCKS, seed: REPORT_SEED }))
      .crossEntropy;
  const own = await entropy(supervised.chosen.parameters);
  const rounds = 30 * epochs(ROUNDS / 30);
  const runs: { seed: number; value: number; seconds: number }[] = [];
  for (const seed of seeds) {
    const began = performance.now();
    const { parameters, batches } = await trainBlackBox(LINK, { engine, channel: noise, seed, rounds, ...SETTINGS });
    const seconds = (performance.now() - began) / 1000;
    const value = (await entropy(parameters)) / own;
    tell(
      `without gradient, seed ${seed}: ${seconds.toFixed(1)} s, ${batches} batches, cross-entropy ${value.toFixed(4)} of the differentiated link's`,
    );
    runs.push({ seed, value, seconds });
  }
  return {
    rows: [
      {
        ...{
          what: "cross-entropy without gradient, over that of the best differentiated start",
          unit: "",
          published: null,
          runs,
        },
        convention: `at Eb/N0 3 dB, where both were trained; ${blocksText(BLOCKS)} each`,
        line: { most: 1.03 },
      },
    ],
    protocol: {
      link: "16 messages in 7 real uses, energy 7; receiver 7-64-16, ReLU; trained at 3 dB",
      "without gradient": `${rounds} rounds of one step of the receiver and one of the transmitter, batch ${SETTINGS.batchSize}, Adam, cosine from ${SETTINGS.learningRate} to 0; disturbances of variance ${SETTINGS.exploration}; then ${SETTINGS.fineTuning} steps of the receiver alone`,
      differentiated: trainingText(SUPERVISED),
    },
    details: { differentiated: startsOf(supervised), crossEntropy: own },
    pictures: {},
  };
}
