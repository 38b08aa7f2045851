import { createWasmEngine, type WasmEngine } from "@isthmus/wasm";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import {
  channelAutoencoder,
  compareSystems,
  learnedCodebook,
  measureLink,
  neuralReceiver,
  rayleigh,
  requireAboveSpherePacking,
  simulate,
  trainLink,
  type TrainedLink,
} from "../src/index.ts";

let engine: WasmEngine;
beforeAll(async () => {
  engine = await createWasmEngine({ build: "simd128" });
});
afterAll(() => engine.dispose());

const training = { steps: 600, batchSize: 256, learningRate: { kind: "cosine", rate: 4e-3, steps: 600 } } as const;

describe.each(["messages", "bits"] as const)("a receiver learned by %s", (loss) => {
  let link: TrainedLink;
  beforeAll(async () => {
    link = await trainLink({ k: 3, n: 3, loss }, { engine, training, selectionBlocks: 1e4 });
  });

  it("simulates to what the link as a whole measures", async () => {
    const receiver = await neuralReceiver(link, engine);
    const { points } = await simulate({
      codebook: link.codebook,
      receiver,
      ebNoDb: 4,
      targetErrors: 1e6,
      maxBlocks: 4e5,
    });
    const measured = await measureLink(link, { engine, ebNoDb: 4, blocks: 4e5, seed: 3 });
    const spread = Math.sqrt((2 * measured.bler * (1 - measured.bler)) / 4e5);
    expect(Math.abs(points[0]!.bler - measured.bler)).toBeLessThan(5 * spread);
    // Bits of a block are wrong together: three times the spread of independent ones bounds theirs.
    expect(Math.abs(points[0]!.ber - measured.ber)).toBeLessThan(5 * spread);
    receiver.dispose();
  });

  it("decides no better than maximum likelihood on its codebook, and never beats sphere packing", async () => {
    const receiver = await neuralReceiver(link, engine);
    const { codebook } = link;
    const made = await compareSystems({ codebook, receiver }, { codebook }, { ebNoDb: 4, blocks: 2e5 });
    expect(made.interval[1]).toBeGreaterThan(0);
    requireAboveSpherePacking(codebook, [{ ebNoDb: 4, ...made.a }]);
    receiver.dispose();
  });

  it("is called by its parameters", async () => {
    const [same, again] = [await neuralReceiver(link, engine), await neuralReceiver(link, engine)];
    const name = Object.keys(link.parameters)[0]!;
    const { shape, data } = link.parameters[name]!;
    const moved = { ...link.parameters, [name]: { shape, data: (data as Float32Array).map((value) => value + 1) } };
    const other = await neuralReceiver({ ...link, parameters: moved }, engine);
    expect(again.name).toBe(same.name);
    expect(other.name).not.toBe(same.name);
    for (const one of [same, again, other]) one.dispose();
  });
});

describe("a receiver that knows the fading", () => {
  it("is told the gains of the simulated channel, and does better than one that is not", async () => {
    const channel = { kind: "chain", channels: [{ kind: "rayleigh", per: "symbol" }, { kind: "awgn" }] } as const;
    const blers: number[] = [];
    for (const state of [true, false]) {
      const given = { k: 2, n: 4, channel, trainEbNoDb: 6, decoder: { state } };
      const link = await trainLink(given, { engine, training: { ...training, steps: 1500 }, selectionBlocks: 1e4 });
      const receiver = await neuralReceiver(link, engine);
      const made = await simulate({
        ...{ codebook: link.codebook, receiver, channel: rayleigh({ per: "use" }) },
        ...{ ebNoDb: 6, targetErrors: 1e6, maxBlocks: 2e5 },
      });
      const measured = await measureLink(link, { engine, ebNoDb: 6, blocks: 2e5 });
      expect(Math.abs(made.points[0]!.bler - measured.bler)).toBeLessThan(5 * Math.sqrt((2 * measured.bler) / 2e5));
      blers.push(made.points[0]!.bler);
      receiver.dispose();
    }
    expect(blers[0]).toBeLessThan(blers[1]!);
  });

  it("is refused where no gains are told, or uses are complex", async () => {
    const channel = { kind: "rayleigh" } as const;
    const definition = channelAutoencoder({ k: 1, n: 1, complex: true, channel, decoder: { state: true } });
    await expect(neuralReceiver({ definition, parameters: {} }, engine)).rejects.toThrow(/complex/);
    const link = await trainLink(
      { k: 1, n: 1, channel, decoder: { state: true } },
      { engine, training: { ...training, steps: 100 }, selectionBlocks: 1e3 },
    );
    const receiver = await neuralReceiver(link, engine);
    await expect(
      simulate({ codebook: learnedCodebook(link.definition, link.parameters), receiver, ebNoDb: 3 }),
    ).rejects.toThrow(/tells its gains/);
    receiver.dispose();
  });
});
