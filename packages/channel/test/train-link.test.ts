import { createWasmEngine, type WasmEngine } from "@isthmus/wasm";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import {
  bestTraining,
  channelAutoencoder,
  ebNoFromDb,
  learnedCodebook,
  linkPreset,
  type LinkTraining,
  measureLink,
  measureLinks,
  qamCodebook,
  type TrainedLink,
  trainLink,
  bpskBitError,
  uncodedBlockError,
} from "../src/index.ts";

const qpskBlockError = (decibels: number): number => uncodedBlockError(2, bpskBitError(ebNoFromDb(decibels)));

let engine: WasmEngine;
beforeAll(async () => {
  engine = await createWasmEngine({ build: "simd128" });
});
afterAll(() => engine.dispose());

const training: LinkTraining = {
  steps: 1500,
  batchSize: 256,
  learningRate: { kind: "cosine", rate: 4e-3, steps: 1500 },
};

describe("two bits in two uses", () => {
  let trained: TrainedLink;
  beforeAll(async () => {
    trained = await trainLink({ k: 2, n: 2 }, { engine, training, restarts: 2, selectionBlocks: 1e5 });
  });

  it("come to within 5 % of QPSK, which no code can beat", async () => {
    const measured = await measureLink(trained, { engine, ebNoDb: 3, blocks: 1e6, seed: 9 });
    const qpsk = qpskBlockError(3);
    // Five standard errors of some 45,000 errors are 2.4 %.
    expect(measured.bler / qpsk).toBeLessThan(1.05);
    expect(measured.bler / qpsk).toBeGreaterThan(1 - 0.024);
    expect(measured.information).toBeLessThan(2);
    expect(measured.information).toBeGreaterThan(1.5);
  });

  it("keep the start with fewer errors, and say of each what it came to", () => {
    const [first, second] = trained.restarts;
    expect([first!.seed, second!.seed]).toEqual([1, 2]);
    const blers = trained.restarts.map(({ measured }) => measured.bler);
    expect(blers[trained.chosen]).toBe(Math.min(...blers));
    expect(trained.restarts.every(({ collapsed, leastDistance }) => !collapsed && leastDistance > 1.5)).toBe(true);
  });

  it("give the same codebook as their parameters, of energy 2", () => {
    const book = learnedCodebook(trained.definition, trained.parameters);
    expect(book.points).toEqual(trained.codebook.points);
    expect(book.size).toBe(4);
  });

  it("are the same bits with the same seed", async () => {
    const again = await trainLink({ k: 2, n: 2 }, { engine, training, seed: 2, selectionBlocks: 1e4 });
    expect(again.restarts[0]!.leastDistance).toBe(trained.restarts[1]!.leastDistance);
  });
});

describe("a link that was stopped", () => {
  it("goes on from its checkpoints to the same bits, and trains no start again that is whole", async () => {
    const settings = { engine, training: { ...training, steps: 300 }, restarts: 2, selectionBlocks: 1e3 };
    const whole = await trainLink({ k: 2, n: 2 }, settings);
    const stored = new Map<number, Uint8Array>();
    const stop = new AbortController();
    const checkpoint = async (bytes: Uint8Array, restart: number) => void stored.set(restart, bytes);
    const stopped = trainLink(
      { k: 2, n: 2 },
      {
        ...{ ...settings, checkpoint, signal: stop.signal },
        onEpoch: ({ epoch }, restart) => (restart === 1 && epoch === 2 ? stop.abort(new Error("enough")) : undefined),
      },
    );
    await expect(stopped).rejects.toThrow("enough");
    expect([...stored.keys()]).toEqual([0, 1]);
    const epochs: number[][] = [[], []];
    const resumed = await trainLink(
      { k: 2, n: 2 },
      {
        ...settings,
        resume: async (restart) => stored.get(restart),
        onEpoch: ({ epoch }, restart) => void epochs[restart]!.push(epoch),
      },
    );
    expect(epochs).toEqual([[], [3]]);
    expect(resumed.parameters).toEqual(whole.parameters);
    expect(resumed.restarts.map(({ measured }) => measured)).toEqual(whole.restarts.map(({ measured }) => measured));
  });
});

describe("sixteen messages in one use at 0 dB", () => {
  it("do not fit: two of them are said to have become one", async () => {
    const link = await trainLink({ k: 4, n: 1, trainEbNoDb: 0 }, { engine, training, selectionBlocks: 1e4 });
    // Of energy 1 there are but two signals.
    expect(link.restarts[0]!.collapsed).toBe(true);
    expect(link.restarts[0]!.leastDistance).toBe(0);
  });
});

describe("several starts that learn bits", () => {
  it("are held against each other by their information", async () => {
    const few: LinkTraining = { steps: 200, batchSize: 64, learningRate: 5e-3 };
    const { restarts, chosen } = await trainLink(
      { k: 3, n: 1, complex: true, loss: "bits" },
      { engine, training: few, restarts: 4, selectionBlocks: 1e4 },
    );
    const information = restarts.map(({ measured }) => measured.information);
    expect(information[chosen]).toBe(Math.max(...information));
  });
});

describe("a start from given points", () => {
  const few: LinkTraining = { steps: 100, batchSize: 64, learningRate: 1e-9 };

  it("sends each label's point", async () => {
    const from = qamCodebook(16);
    const given = { k: 4, n: 1, complex: true, normalize: "average" } as const;
    const { codebook } = await trainLink(given, { engine, training: few, from, selectionBlocks: 1e3 });
    from.labels.forEach((label, row) => {
      // float32, moved by 100 steps of 1e-9.
      for (const at of [0, 1]) expect(codebook.points[2 * label + at]).toBeCloseTo(from.points[2 * row + at]!, 6);
    });
  });

  it("is refused where the transmitter is another", async () => {
    const options = { engine, training: few, from: qamCodebook(16) };
    await expect(trainLink({ k: 4, n: 1, complex: true, encoder: "onehot" }, options)).rejects.toThrow(/embedding/);
    await expect(trainLink({ k: 4, n: 1, complex: true, encoderHidden: [4] }, options)).rejects.toThrow(/embedding/);
    await expect(trainLink({ k: 4, n: 7 }, options)).rejects.toThrow(/16 points of 7 numbers, got 16 of 2/);
  });
});

describe("measured links", () => {
  const definition = channelAutoencoder({ k: 2, n: 2 });
  /** QPSK and the receiver that takes signs: logits of the four points. */
  const parameters = (gain: number) => ({
    "encoder.table": { shape: [4, 2], data: Float32Array.of(1, 1, -1, 1, 1, -1, -1, -1) },
    ...receiverOf(gain),
  });
  /** max(x, 0) and max(-x, 0) of both uses, and their differences. */
  function receiverOf(gain: number) {
    const hidden = new Float32Array(2 * 64);
    hidden.set([gain, -gain, 0, 0], 0);
    hidden.set([0, 0, gain, -gain], 64);
    const output = new Float32Array(64 * 4);
    output.set([1, -1, 1, -1], 0);
    output.set([-1, 1, -1, 1], 4);
    output.set([1, 1, -1, -1], 8);
    output.set([-1, -1, 1, 1], 12);
    return {
      "decoder.dense0.kernel": { shape: [2, 64], data: hidden },
      "decoder.dense0.bias": { shape: [64], data: new Float32Array(64) },
      "decoder.output.kernel": { shape: [64, 4], data: output },
      "decoder.output.bias": { shape: [4], data: new Float32Array(4) },
    };
  }

  it("have the closed form's error rate", async () => {
    const { bler, ber, blocks } = await measureLink(
      { definition, parameters: parameters(1) },
      { engine, ebNoDb: 4, blocks: 1e6 },
    );
    const expected = qpskBlockError(4);
    expect(Math.abs(bler - expected)).toBeLessThan(5 * Math.sqrt((expected * (1 - expected)) / blocks));
    // Two independent bits: 1 - (1 - p)^2 blocks.
    expect(Math.abs(1 - (1 - ber) ** 2 - bler)).toBeLessThan(5 * Math.sqrt(expected / blocks));
  });

  it("share their noise: two receivers that decide alike differ in no block", async () => {
    const [a, b] = [1, 2].map((gain) => ({ definition, parameters: parameters(gain) }));
    const { links, alone } = await measureLinks([a!, b!], { engine, ebNoDb: 4, blocks: 1e5 });
    expect(links[0]!.blockErrors).toBe(links[1]!.blockErrors);
    expect(alone).toEqual([
      [0, 0],
      [0, 0],
    ]);
    const other = await measureLink(a!, { engine, ebNoDb: 4, blocks: 1e5, seed: 2 });
    expect(other.blockErrors).not.toBe(links[0]!.blockErrors);
  });

  it("are refused where they do not fit", async () => {
    const link = { definition, parameters: parameters(1) };
    const other = channelAutoencoder({ k: 1, n: 1 });
    await expect(measureLinks([], { engine, ebNoDb: 4 })).rejects.toThrow(/at least one/);
    await expect(measureLinks([link, { definition: other, parameters: {} }], { engine, ebNoDb: 4 })).rejects.toThrow(
      /same k/,
    );
    await expect(measureLink({ definition, parameters: {} }, { engine, ebNoDb: 4 })).rejects.toThrow(
      /float32 tensor "decoder/,
    );
    await expect(measureLink(link, { engine, ebNoDb: 4, blocks: 0 })).rejects.toThrow(/"blocks"/);
  });
});

describe("presets", () => {
  it("let what is said go before what they say", () => {
    const { config, training: how } = linkPreset("paper", { k: 4, n: 7, encoder: "embedding" });
    expect(config).toEqual({ k: 4, n: 7, encoder: "embedding", trainEbNoDb: 7, decoder: { hidden: [16] } });
    expect(how.learningRate).toBe(1e-3);
    expect(() => linkPreset("worst" as never, { k: 4, n: 7 })).toThrow(/paper or best/);
  });
  it("train in whole hundreds of steps", async () => {
    await expect(trainLink({ k: 1, n: 1 }, { engine, training: bestTraining(150) })).rejects.toThrow(/multiple of 100/);
    await expect(trainLink({ k: 1, n: 1 }, { engine, restarts: 0 })).rejects.toThrow(/"restarts"/);
  });
});
