import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { fileURLToPath } from "node:url";
import { bestTraining, trainLink } from "@isthmus/channel";
import type { Context, Made, Reproduction, Row, SeedRun } from "./harness/reproduction.ts";

const LINK = { k: 4, n: 7 } as const;
/** Twice as long as the default's. */
const STEPS = 20_000;
/** Of the others; the last takes its time. */
const [TIMED_STEPS, FEW_STEPS] = [3000, 500] as const;

export const channelSpeed: Reproduction = {
  name: "channel-speed",
  what: "Training a (7,4) link beside PyTorch and TensorFlow.js",
  minutes: 3,
  data: "made",
  run,
};

const TFJS = ["--import", "tsx", "--conditions=@isthmus/source", scriptPath("tfjs/link.ts")];
const PEERS = [
  { name: "PyTorch", command: ["/usr/bin/python3", scriptPath("torch/link.py")], steps: TIMED_STEPS },
  { name: "tfjs-wasm", command: [process.execPath, ...TFJS, "wasm"], steps: TIMED_STEPS },
  { name: "tfjs-cpu", command: [process.execPath, ...TFJS, "cpu"], steps: FEW_STEPS },
] as const;

interface Peer {
  readonly name: string;
  /** Steps per second of processor time. */
  readonly rate: number;
}

async function run({ seeds, engine, tell, epochs }: Context): Promise<Made> {
  const training = bestTraining(100 * epochs(STEPS / 100));
  const { steps, batchSize } = training;
  const runs: (SeedRun & { readonly loss: number })[] = [];
  for (const seed of seeds) {
    const [before, began] = [process.cpuUsage(), performance.now()];
    const { fit } = await trainLink(LINK, { engine, training, seed, selectionBlocks: 1 });
    const { user, system } = process.cpuUsage(before);
    const value = (user + system) / 1e6;
    runs.push({ seed, value, seconds: (performance.now() - began) / 1000, loss: fit.history.at(-1)!.train["loss"]! });
    tell(`seed ${seed}: ${steps} steps in ${value.toFixed(1)} s of processor time`);
  }
  const peers: Peer[] = [];
  for (const { name, command, steps: timed } of PEERS) {
    const rate = await stepsPerSecond(command, timed, batchSize);
    tell(`${name}: ${rate === undefined ? "is not installed" : `${rate.toFixed(0)} steps per second`}`);
    if (rate !== undefined) peers.push({ name, rate });
  }
  const same = "the same layers, batch of 1,024, noise, loss and Adam, float32, one thread each, one after the other";
  const row = (what: string, convention: string, of: (rate: number) => number, isTimed: boolean): Row => ({
    ...{ what, unit: "", convention: `${convention}; ${same}` },
    runs: runs.map(({ seed, value, seconds }) => ({ seed, value: of(steps / value), seconds: isTimed ? seconds : 0 })),
    published: beside(peers, of),
  });
  return {
    rows: [
      row(
        `a training of ${steps} steps, seconds of processor time`,
        "ours in full, with all that it does; the others at the rates below",
        (rate) => steps / rate,
        true,
      ),
      row(
        "training steps per second of processor time",
        `the others eager, as users write it, ${TIMED_STEPS} steps (tfjs-cpu ${FEW_STEPS}) after 100 to warm up`,
        (rate) => rate,
        false,
      ),
    ],
    protocol: {
      link: "16 messages, a table of 16 points of energy 7; receiver 7-64-16, ReLU; white noise at Eb/N0 3 dB",
      training: `Adam, batch ${batchSize}, ${steps} steps; ours with its learning rate going down by a cosine`,
    },
    details: { lastLosses: runs.map(({ loss }) => loss), peers: peers.map((peer) => ({ ...peer })) },
    pictures: {},
  };
}

function beside(peers: readonly Peer[], of: (rate: number) => number): Row["published"] {
  if (peers.length === 0) return null;
  const figures = peers.map(({ rate }) => of(rate).toFixed(0)).join(", ");
  return { figures, source: `${peers.map(({ name }) => name).join(", ")}, measured in this run` };
}

function scriptPath(name: string): string {
  return fileURLToPath(new URL(name, import.meta.url));
}

async function stepsPerSecond(
  [program, ...words]: readonly string[],
  steps: number,
  batch: number,
): Promise<number | undefined> {
  try {
    const { stdout } = await promisify(execFile)(program!, [...words, String(steps), String(batch)]);
    return (JSON.parse(stdout) as { stepsPerSecond: number }).stepsPerSecond;
  } catch {
    return undefined;
  }
}
