import { randomNormal } from "@isthmus/math";
import { createWasmEngine, type WasmEngine } from "@isthmus/wasm";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import {
  type BlackBoxChannel,
  bpskBitError,
  channelAutoencoder,
  ebNoFromDb,
  learnedCodebook,
  measureLink,
  ownChannel,
  trainBlackBox,
  uncodedBlockError,
} from "../src/index.ts";

let engine: WasmEngine;
beforeAll(async () => {
  engine = await createWasmEngine({ build: "simd128" });
});
afterAll(() => engine.dispose());

/** White noise, drawn by the host: no graph ever sees it. */
const noisy: BlackBoxChannel = {
  name: "noise of the host",
  pass(sent, { deviation, step, seed }) {
    const z = new Float32Array(sent.length);
    randomNormal(z, { seed, stream: "black-box", step });
    return sent.map((x, i) => x + deviation * z[i]!);
  },
};

const quick = { rounds: 600, receiverSteps: 2, fineTuning: 200, batchSize: 256, learningRate: 5e-3, exploration: 0.05 };

describe("a channel without gradient", () => {
  it("is learned to within 10 % of QPSK, though its graph would throw", async () => {
    const link = await trainBlackBox({ k: 2, n: 2, trainEbNoDb: 4 }, { engine, channel: noisy, ...quick });
    expect(link.config.channel).toEqual({ kind: "own", name: "noise of the host" });
    const definition = channelAutoencoder({ k: 2, n: 2 });
    const { bler } = await measureLink({ definition, parameters: link.parameters }, { engine, ebNoDb: 4, blocks: 1e6 });
    expect(bler / uncodedBlockError(2, bpskBitError(ebNoFromDb(4)))).toBeLessThan(1.1);
    expect(learnedCodebook(definition, link.parameters).size).toBe(4);
    expect(link.batches).toBe(600 * 3 + 200);
    const throwing = ownChannel(noisy.name, () => {
      throw new Error("this channel has no gradient");
    });
    expect(() =>
      channelAutoencoder({ ...link.config, channel: throwing } as Parameters<typeof channelAutoencoder>[0]),
    ).toThrow(/no gradient/);
  });

  it("gives the same with the same seed, and is awaited", async () => {
    const slow: BlackBoxChannel = { name: noisy.name, pass: async (sent, place) => noisy.pass(sent, place) };
    const few = { ...quick, rounds: 3, fineTuning: 2 };
    const [a, b] = [
      await trainBlackBox({ k: 2, n: 2 }, { engine, channel: noisy, ...few }),
      await trainBlackBox({ k: 2, n: 2 }, { engine, channel: slow, ...few }),
    ];
    expect(b.parameters).toEqual(a.parameters);
  });

  it("is refused where it does not fit", async () => {
    const short: BlackBoxChannel = { name: "short", pass: (sent) => sent.subarray(1) };
    await expect(trainBlackBox({ k: 1, n: 1 }, { engine, channel: short, ...quick })).rejects.toThrow(
      /expected to return 256/,
    );
    await expect(trainBlackBox({ k: 1, n: 1 }, { engine, channel: noisy, exploration: 1 })).rejects.toThrow(
      /exploration/,
    );
    await expect(trainBlackBox({ k: 1, n: 1 }, { engine, channel: noisy, rounds: 0 })).rejects.toThrow(/rounds/);
    const range = { k: 1, n: 1, trainEbNoDb: { from: 0, to: 3 } };
    await expect(trainBlackBox(range, { engine, channel: noisy })).rejects.toThrow(/one number/);
    await expect(trainBlackBox({ k: 1, n: 1, decoder: { noise: true } }, { engine, channel: noisy })).rejects.toThrow(
      /neither/,
    );
  });
});
