/** Exported halves of a link held to what our engine does. */
import { ebNoFromDb, noiseDeviation } from "@isthmus/channel";
import { openNetwork } from "@isthmus/compress";
import { IsthmusError } from "@isthmus/math";
import { type EngineOptions, withEngine } from "../engines.ts";
import type { OnnxSession } from "../onnx-runtime.ts";
import { rowsOf } from "./codebook-rows.ts";
import type { LinkFile } from "./link-files.ts";

/** Two float32 networks that add in another order agree on logits near 10 to some 1e-5: decisions that hang on less may fall either way. */
const MARGIN = 1e-4;
/** A few roundings of coordinates up to 4. */
const POINTS = 1e-5;
/** Numbers of one run. */
const MOST_LOGITS = 2 ** 22;

export interface ReceiverCheck {
  readonly blocks: number;
  /** Not compared: what is decided hangs on less than rounding. */
  readonly close: number;
}

/**
 * Sends blocks over the link's own channel at the Eb/N0 of its training and compares decisions.
 *
 * @throws IsthmusError `CHANNEL_PARITY` when one differs: nothing is written.
 */
export async function checkReceiver(
  { definition, parameters }: LinkFile,
  session: OnnxSession,
  { blocks, build }: EngineOptions & { readonly blocks: number },
): Promise<ReceiverCheck> {
  const { config } = definition;
  const width = config.loss === "messages" ? 2 ** config.k : config.k;
  const each = Math.min(blocks, Math.max(1, Math.floor(MOST_LOGITS / width)));
  const { trainEbNoDb: at } = config;
  const sigma = noiseDeviation(ebNoFromDb(typeof at === "number" ? at : (at.from + at.to) / 2), config);
  return withEngine(build === undefined ? {} : { build }, async (engine) => {
    const whole = await openNetwork(engine, definition.link, parameters);
    const receiver = await openNetwork(engine, definition.decoder, parameters);
    try {
      let [done, close] = [0, 0];
      for (let piece = 0; done < blocks; piece++) {
        const count = Math.min(each, blocks - done);
        const sent = await whole.run({
          label: Int32Array.from({ length: count }, (_, i) => (done + i) % 2 ** config.k),
          seed: Int32Array.of(PARITY_SEED, 0),
          step: Int32Array.of(piece, 0),
          deviation: Float32Array.of(sigma),
        });
        const inputs = inputsOf(definition.decoder.inputs, sent, new Float32Array(count).fill(sigma));
        const ours = (await receiver.run(inputs))["logits"]!;
        const shaped = Object.entries(inputs).map(([name, data]) => [
          name,
          { shape: [count, data.length / count], data },
        ]);
        const theirs = (await session.run(Object.fromEntries(shaped)))["logits"]!.data;
        close += compared(ours, theirs, width, config.loss, done);
        done += count;
      }
      return { blocks: done, close };
    } finally {
      receiver.dispose();
      whole.dispose();
    }
  });
}

/** Of noise that is of no other use. */
const PARITY_SEED = 77;

function inputsOf(
  names: Readonly<Record<string, unknown>>,
  sent: Readonly<Record<string, Float32Array>>,
  deviation: Float32Array,
): Record<string, Float32Array> {
  const all = { received: sent["received"]!, ...(sent["state"] && { state: sent["state"] }), deviation };
  return Object.fromEntries(Object.entries(all).filter(([name]) => Object.hasOwn(names, name)));
}

/** How many decisions are too close; throws for one that is not, and differs. */
function compared(
  ours: Float32Array,
  theirs: Float32Array,
  width: number,
  loss: "messages" | "bits",
  first: number,
): number {
  let close = 0;
  for (let at = 0; at < ours.length; at += width) {
    const [own, other] = [ours.subarray(at, at + width), theirs.subarray(at, at + width)];
    if (marginOf(own, loss) < MARGIN) close++;
    else if (decisionOf(own, loss) !== decisionOf(other, loss)) {
      const block = first + at / width;
      throw new IsthmusError(
        "CHANNEL_PARITY",
        `nothing was written: onnxruntime-node decides otherwise than our engine in block ${block}`,
        { block, ours: Array.from(own), theirs: Array.from(other) },
      );
    }
  }
  return close;
}

function decisionOf(logits: Float32Array, loss: "messages" | "bits"): number {
  if (loss === "bits") return logits.reduce((message, logit, bit) => message + (logit > 0 ? 2 ** bit : 0), 0);
  return logits.reduce((best, logit, message) => (logit > logits[best]! ? message : best), 0);
}

/** What the decision hangs on: the second largest logit, or the smallest in size. */
function marginOf(logits: Float32Array, loss: "messages" | "bits"): number {
  if (loss === "bits") return logits.reduce((least, logit) => Math.min(least, Math.abs(logit)), Infinity);
  let [first, second] = [-Infinity, -Infinity];
  for (const logit of logits) {
    if (logit > first) [first, second] = [logit, first];
    else if (logit > second) second = logit;
  }
  return first - second;
}

/**
 * Sends every message.
 *
 * @returns The largest difference from the codebook.
 * @throws IsthmusError `CHANNEL_PARITY` when it is more than rounding.
 */
export async function checkTransmitter({ codebook }: LinkFile, session: OnnxSession): Promise<number> {
  const label = Int32Array.from({ length: codebook.size }, (_, i) => i);
  const { data } = (await session.run({ label: { shape: [codebook.size], data: label } }))["z"]!;
  const maxAbsError = rowsOf(codebook)
    .flat()
    .reduce((most, x, i) => Math.max(most, Math.abs(x - data[i]!)), 0);
  if (maxAbsError <= POINTS) return maxAbsError;
  throw new IsthmusError(
    "CHANNEL_PARITY",
    `nothing was written: onnxruntime-node sends points that are up to ${maxAbsError.toExponential(1)} off`,
    { maxAbsError },
  );
}
