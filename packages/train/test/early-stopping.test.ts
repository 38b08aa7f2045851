import { describe, expect, it } from "vitest";
import { evaluate, fit, type FitOptions, readCheckpoint } from "../src/index.ts";
import { bits, byteDataset, engines, tinyVae } from "./support.ts";

const data = { train: byteDataset(), test: byteDataset(50) };
const engine = await engines[0]![1]();
// So fast that the test loss rises again after a few epochs.
const options = { engine, batchSize: 8, learningRate: 0.1, seed: 5, epochs: 40 } as const;
const earlyStopping = { metric: "negElbo", patience: 4 } as const;

async function run(changes: Partial<FitOptions>) {
  const checkpoints: Uint8Array[] = [];
  const checkpoint = async (bytes: Uint8Array) => void checkpoints.push(bytes);
  return { ...(await fit(tinyVae, data, { ...options, earlyStopping, checkpoint, ...changes })), checkpoints };
}

const whole = await run({});

describe("early stopping", () => {
  it("ends `patience` epochs after the best one, whose parameters and figures it returns", async () => {
    const values = whole.history.map(({ test }) => test!["negElbo"]!);
    const best = values.indexOf(Math.min(...values)) + 1;
    expect(whole.best).toEqual({ epoch: best, metric: "negElbo", value: values[best - 1] });
    expect(whole.epochs).toBe(best + 4);
    expect(whole.epochs).toBeLessThan(40);
    expect(whole.test).toEqual(whole.history[best - 1]!.test);
    expect(await evaluate(tinyVae, whole.parameters, data.test, { engine, seed: 5 })).toEqual(whole.test);
    const upToThere = await fit(tinyVae, data, { ...options, epochs: best });
    expect(bits(whole.parameters)).toEqual(bits(upToThere.parameters));
  });

  it("goes on from any checkpoint as if it had not been stopped", async () => {
    for (const resume of whole.checkpoints) {
      const resumed = await run({ resume });
      expect(bits(resumed.parameters)).toEqual(bits(whole.parameters));
      expect([resumed.epochs, resumed.best, resumed.test]).toEqual([whole.epochs, whole.best, whole.test]);
    }
  });

  it("stores the best parameters only where they are not the last ones", () => {
    whole.checkpoints.forEach((bytes, index) => {
      const { best, tensors, history } = readCheckpoint(bytes);
      const values = history.map(({ test }) => test!["negElbo"]!);
      const isLast = values.indexOf(Math.min(...values)) === index;
      expect(best === undefined).toBe(isLast);
      expect(Object.keys(tensors).some((name) => name.startsWith("best."))).toBe(false);
    });
    expect(bits(readCheckpoint(whole.checkpoints.at(-1)!).best!)).toEqual(bits(whole.parameters));
  });

  it("goes on with more patience, and refuses another metric or other test data", async () => {
    const resume = whole.checkpoints.at(-1)!;
    const more = await run({ resume, earlyStopping: { ...earlyStopping, patience: 6 } });
    const atOnce = await run({ earlyStopping: { ...earlyStopping, patience: 6 } });
    expect(more.epochs).toBeGreaterThan(whole.epochs);
    expect(bits(more.parameters)).toEqual(bits(atOnce.parameters));
    const mismatch = (field: string) => ({ code: "CHECKPOINT_MISMATCH", details: { field } });
    await expect(run({ resume, earlyStopping: { metric: "kl", patience: 4 } })).rejects.toMatchObject(
      mismatch("earlyStopping.metric"),
    );
    const other = { ...data, test: byteDataset(51) };
    await expect(fit(tinyVae, other, { ...options, earlyStopping, resume })).rejects.toMatchObject(
      mismatch("earlyStopping.data"),
    );
  });

  it("counts only what is lower by more than `minDelta`", async () => {
    const first = whole.history[0]!.test!["negElbo"]!;
    const strict = await run({ earlyStopping: { metric: "negElbo", patience: 3, minDelta: first } });
    expect([strict.epochs, strict.best!.epoch]).toEqual([4, 1]);
  });

  it("is told when all epochs were made", async () => {
    const short = await run({ epochs: 2 });
    expect(short.epochs).toBe(2);
    const values = short.history.map(({ test }) => test!["negElbo"]!);
    expect(short.best!.value).toBe(Math.min(...values));
  });

  it.each([
    [{ metric: "negElbo", patience: 0 }, /"earlyStopping.patience" expected a positive integer, got 0/],
    [{ metric: "negElbo", patience: 1, minDelta: -1 }, /"earlyStopping.minDelta" expected a non-negative/],
    [{ metric: "loss", patience: 1 }, /"earlyStopping.metric" expected negElbo, reconstruction, kl, .*, got loss/],
  ])("refuses %o", async (wrong, message) => {
    await expect(run({ earlyStopping: wrong })).rejects.toThrow(RangeError);
    await expect(run({ earlyStopping: wrong })).rejects.toThrow(message);
  });

  it("needs test data that is measured each epoch", async () => {
    const message = /"earlyStopping" expected test data that is measured each epoch, got none/;
    await expect(fit(tinyVae, { train: data.train }, { ...options, earlyStopping })).rejects.toThrow(message);
    await expect(run({ evaluateEachEpoch: false })).rejects.toThrow(message);
  });
});
