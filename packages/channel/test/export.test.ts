import { checkOnnx, exportOnnx } from "@isthmus/onnx";
import { createWasmEngine, type WasmEngine } from "@isthmus/wasm";
import * as ort from "onnxruntime-node";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { chain, type GivenChannelAutoencoder, trainLink, type TrainedLink } from "../src/index.ts";
import { LearnedProgram } from "../src/learned/learned-program.ts";

let engine: WasmEngine;
beforeAll(async () => {
  engine = await createWasmEngine({ build: "simd128" });
});
afterAll(() => engine.dispose());

const training = { steps: 300, batchSize: 256, learningRate: 4e-3 } as const;
const BLOCKS = 100_000;

const links: readonly (readonly [string, GivenChannelAutoencoder])[] = [
  ["messages", { k: 4, n: 7 }],
  [
    "bits, over taps, with an equaliser",
    {
      ...{ k: 4, n: 4, complex: true, loss: "bits", normalize: "average", trainEbNoDb: 12 },
      channel: chain({ kind: "multiTap", taps: 2 }, { kind: "awgn" }),
      decoder: { hidden: [32], state: true, equaliser: { taps: 2, hidden: [16] } },
    },
  ],
];

describe.each(links)("a link of %s as ONNX", (_, given) => {
  let link: TrainedLink;
  beforeAll(async () => {
    link = await trainLink(given, { engine, training, selectionBlocks: 1e3 });
  });

  it("receives as the engine does: the same decisions on 100,000 blocks", async () => {
    const { definition, parameters } = link;
    const [whole, receiver] = [
      await LearnedProgram.create(engine, definition.link, parameters),
      await LearnedProgram.create(engine, definition.decoder, parameters),
    ];
    const label = Int32Array.from({ length: BLOCKS }, (__, i) => i % 16);
    const sent = (
      await whole.run({ label, seed: Int32Array.of(3, 0), step: Int32Array.of(1, 0), deviation: Float32Array.of(0.4) })
    ).outputs;
    const received = await sent["received"]!.read();
    const state = await sent["state"]?.read();
    const ours = await (await receiver.run({ received, ...(state && { state }) })).outputs["logits"]!.read();

    const bytes = exportOnnx(definition.decoder, parameters, { graphName: "receiver" });
    checkOnnx(bytes);
    const session = await ort.InferenceSession.create(bytes);
    const rows = (values: Float32Array) => new ort.Tensor("float32", values, [BLOCKS, values.length / BLOCKS]);
    const made = await session.run({ received: rows(received), ...(state && { state: rows(state) }) });
    const theirs = made["logits"]!.data as Float32Array;

    // Sums in another order: some roundings of logits near 10. Blocks whose decision hangs on less may fall either way.
    const margin = 1e-4;
    let [close, wrong] = [0, 0];
    for (let block = 0, width = ours.length / BLOCKS; block < BLOCKS; block++) {
      const [a, b] = [ours, theirs].map((logits) => logits.subarray(block * width, (block + 1) * width));
      if (leastMargin(a!, definition.config.loss) < margin) close++;
      else if (decided(b!, definition.config.loss) !== decided(a!, definition.config.loss)) wrong++;
    }
    expect(wrong).toBe(0);
    expect(close).toBeLessThan(BLOCKS / 1000);
    for (const one of [whole, receiver]) one.dispose();
  });

  it("sends the codebook", async () => {
    const { definition, parameters, codebook } = link;
    const bytes = exportOnnx(definition.encoder, parameters, { graphName: "transmitter" });
    checkOnnx(bytes);
    const session = await ort.InferenceSession.create(bytes);
    const label = new ort.Tensor(
      "int32",
      Int32Array.from({ length: 16 }, (__, i) => i),
      [16],
    );
    const { z } = await session.run({ label });
    // float32 against float64: a few roundings of points below 4.
    (z!.data as Float32Array).forEach((x, i) => expect(Math.abs(x - codebook.points[i]!)).toBeLessThan(2e-6));
  });
});

function decided(logits: Float32Array, loss: "messages" | "bits"): number {
  if (loss === "messages") return logits.indexOf(Math.max(...logits));
  return logits.reduce((message, logit, bit) => (logit > 0 ? message | (1 << bit) : message), 0);
}

/** What the decision hangs on. */
function leastMargin(logits: Float32Array, loss: "messages" | "bits"): number {
  if (loss === "bits") return Math.min(...logits.map(Math.abs));
  const [second, first] = Array.from(logits)
    .sort((a, b) => a - b)
    .slice(-2);
  return first! - second!;
}
