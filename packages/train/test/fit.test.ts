import type { Engine, Executable, HostArray } from "@isthmus/graph";
import { IsthmusError } from "@isthmus/math";
import { vae } from "@isthmus/models";
import { describe, expect, it } from "vitest";
import { evaluate, fit, type FitOptions, type FitResult, readCheckpoint } from "../src/index.ts";
import { bits, byteDataset, engines, rowsDataset, tinyAe, tinyVae } from "./support.ts";

const data = { train: byteDataset(), test: byteDataset(50) };
const small = { batchSize: 8, learningRate: 0.01, seed: 5 } as const;

/** Trains and keeps every checkpoint. */
async function fitWithCheckpoints(
  options: FitOptions,
  definition = tinyVae,
): Promise<FitResult & { checkpoints: Uint8Array[] }> {
  const checkpoints: Uint8Array[] = [];
  const checkpoint = async (bytes: Uint8Array) => void checkpoints.push(bytes);
  return { ...(await fit(definition, data, { ...options, checkpoint })), checkpoints };
}

/** A history without what the clock decides. */
const curve = ({ history }: Pick<FitResult, "history">) =>
  history.map(({ epoch, train, test }) => ({ epoch, train, test }));

describe.each(engines)("fit on the %s engine", (_, makeEngine) => {
  it("gives the same bits for the same seed, and others for another", async () => {
    const engine = await makeEngine();
    const other = await makeEngine();
    const first = await fit(tinyVae, data, { ...small, engine, epochs: 2 });
    const again = await fit(tinyVae, data, { ...small, engine: other, epochs: 2 });
    const another = await fit(tinyVae, data, { ...small, engine, epochs: 2, seed: 6 });
    expect(bits(again.parameters)).toEqual(bits(first.parameters));
    expect(curve(again)).toEqual(curve(first));
    for (const name of Object.keys(first.parameters)) {
      expect(bits(another.parameters)[name]).not.toEqual(bits(first.parameters)[name]);
    }
    engine.dispose();
    other.dispose();
  });

  it.each([
    ["vae", tinyVae],
    ["vae, dynamic binarisation", vae({ ...tinyVae.config, binarize: "dynamic" })],
    ["ae", tinyAe],
  ])("%s: 2 + 2 epochs equal 4 epochs, every tensor, and so do 1 + 3 and 3 + 1", async (__, definition) => {
    const engine = await makeEngine();
    const whole = await fitWithCheckpoints({ ...small, engine, epochs: 4 }, definition);
    for (const stop of [1, 2, 3]) {
      const begun = await fitWithCheckpoints({ ...small, engine, epochs: stop }, definition);
      const other = await makeEngine();
      const resumed = await fitWithCheckpoints(
        { ...small, engine: other, epochs: 4, resume: begun.checkpoints.at(-1)! },
        definition,
      );
      expect(bits(resumed.parameters)).toEqual(bits(whole.parameters));
      const [expected, got] = [whole, resumed].map(({ checkpoints }) => readCheckpoint(checkpoints.at(-1)!).tensors);
      expect(bits(got!)).toEqual(bits(expected!));
      expect(Object.keys(got!).filter((name) => name.startsWith("opt.adam."))).toHaveLength(
        2 * Object.keys(whole.parameters).length,
      );
      expect(curve(resumed)).toEqual(curve(whole));
      expect(resumed.test).toEqual(whole.test);
      expect([resumed.epochs, resumed.steps]).toEqual([4, 12]);
      other.dispose();
    }
    engine.dispose();
  });

  it("returns the result without a step when there is nothing left to train", async () => {
    const engine = await makeEngine();
    const { checkpoints, ...done } = await fitWithCheckpoints({ ...small, engine, epochs: 2 });
    const onProgress = () => expect.unreachable("there was a step");
    for (const epochs of [1, 2]) {
      const result = await fit(tinyVae, data, { ...small, engine, epochs, resume: checkpoints.at(-1)!, onProgress });
      expect(result).toEqual(done);
    }
    engine.dispose();
  });

  it("measures the test data as evaluate does with the same seed, each epoch or once at the end", async () => {
    const engine = await makeEngine();
    const each = await fit(tinyVae, data, { ...small, engine, epochs: 2 });
    const once = await fit(tinyVae, data, { ...small, engine, epochs: 2, evaluateEachEpoch: false });
    const apart = await evaluate(tinyVae, each.parameters, data.test, { engine, seed: small.seed });
    expect(each.test).toEqual(each.history[1]!.test);
    expect(once.history.map(({ test }) => test)).toEqual([undefined, undefined]);
    expect(once.test).toEqual(each.test);
    expect(apart).toEqual(each.test);
    engine.dispose();
  });
});

/** The reference engine, telling what it is fed. */
async function spied(onRun: (inputs: Readonly<Record<string, HostArray>>) => void): Promise<Engine> {
  const engine = await engines[0]![1]();
  const compile: Engine["compile"] = async (program, state): Promise<Executable> => {
    const executable = await engine.compile(program, state);
    return {
      run: (inputs, options) => {
        onRun(inputs);
        return executable.run(inputs, options);
      },
      dispose: () => executable.dispose(),
    };
  };
  return {
    name: "spied",
    build: "float64",
    createState: (spec) => engine.createState(spec),
    compile,
    dispose: () => {},
  };
}

describe("what the engine is fed", () => {
  const rows = Array.from({ length: 11 }, (_, item) => Array.from({ length: 6 }, () => item / 16));
  const train = rowsDataset(rows);

  async function record() {
    const runs: { inputs: object; training: boolean; items: number[]; step: number; seed: number[] }[] = [];
    const engine = await spied((inputs) => {
      const [low, high] = inputs["step"]!;
      runs.push({
        inputs,
        training: "adam.stepSize" in inputs,
        items: [...inputs["x"]!].filter((__, i) => i % 6 === 0).map((value) => value * 16),
        step: (low! >>> 0) + high! * 2 ** 32,
        seed: [...inputs["seed"]!],
      });
    });
    await fit(tinyVae, { train, test: train }, { engine, epochs: 2, batchSize: 4, seed: 2 ** 33 + 7 });
    return { training: runs.filter((run) => run.training), evaluation: runs.filter((run) => !run.training) };
  }

  it("is every item once per epoch, in another order, the last batch smaller", async () => {
    const { training } = await record();
    expect(training.map(({ items }) => items.length)).toEqual([4, 4, 3, 4, 4, 3]);
    const [first, second] = [training.slice(0, 3), training.slice(3)].map((runs) => runs.flatMap(({ items }) => items));
    expect(first!.toSorted((a, b) => a - b)).toEqual(rows.map((__, item) => item));
    expect(second!.toSorted((a, b) => a - b)).toEqual(rows.map((__, item) => item));
    expect(first).not.toEqual(second);
  });

  it("draws noise by the step, which evaluation never shares with training", async () => {
    const { training, evaluation } = await record();
    expect(training.map(({ step }) => step)).toEqual([1, 2, 3, 4, 5, 6]);
    expect(evaluation.map(({ step }) => step)).toEqual([2 ** 52, 2 ** 52]);
    for (const { seed } of [...training, ...evaluation]) expect(seed).toEqual([7, 2]);
  });

  it("comes in the same buffers at every step", async () => {
    const { training } = await record();
    expect(new Set(training.map(({ inputs }) => inputs)).size).toBe(2);
  });
});

describe("callbacks", () => {
  it("tell of steps, then the checkpoint, then the epoch, each awaited", async () => {
    const told: string[] = [];
    const later = (text: string) => new Promise<void>((resolve) => setTimeout(() => resolve(void told.push(text)), 5));
    await fit(tinyVae, data, {
      ...small,
      engine: await engines[0]![1](),
      epochs: 2,
      onProgress: ({ epoch, epochs, step, steps }) => told.push(`step ${step}/${steps} of epoch ${epoch}/${epochs}`),
      checkpoint: (bytes) => later(`checkpoint ${readCheckpoint(bytes).epoch}`),
      onEpoch: ({ epoch, epochs }) => later(`epoch ${epoch}/${epochs}`),
    });
    expect(told).toEqual([
      "step 1/6 of epoch 1/2",
      "step 2/6 of epoch 1/2",
      "step 3/6 of epoch 1/2",
      "checkpoint 1",
      "epoch 1/2",
      "step 4/6 of epoch 2/2",
      "step 5/6 of epoch 2/2",
      "step 6/6 of epoch 2/2",
      "checkpoint 2",
      "epoch 2/2",
    ]);
  });

  it("carry losses whose mean over items is the epoch's, and rates that are positive", async () => {
    const losses: number[] = [];
    let last = Infinity;
    const { history } = await fit(tinyVae, data, {
      ...small,
      engine: await engines[0]![1](),
      epochs: 1,
      onProgress: ({ loss, itemsPerSecond, etaSeconds }) => {
        losses.push(loss);
        expect(itemsPerSecond).toBeGreaterThan(0);
        last = etaSeconds;
      },
    });
    const [a, b, c] = losses;
    // The same float32 numbers, summed in float64.
    expect(history[0]!.train["loss"]).toBeCloseTo((8 * a! + 8 * b! + 6 * c!) / 22, 12);
    expect(last).toBe(0);
  });
});

describe("a run that cannot go on", () => {
  it("stops at a loss that is not finite, says where, and leaves a checkpoint to resume from", async () => {
    const engine = await engines[1]![1]();
    const train = { ...byteDataset(), values: Float32Array.from(byteDataset().values) };
    const whole = await fit(tinyVae, { train }, { ...small, engine, epochs: 3 });
    const checkpoints: Uint8Array[] = [];
    const damaged = fit(
      tinyVae,
      { train },
      {
        ...small,
        engine,
        epochs: 3,
        checkpoint: async (bytes) => void checkpoints.push(bytes),
        onEpoch: ({ epoch }) => void (epoch === 2 && train.values.fill(NaN)),
      },
    );
    const error = await damaged.catch((reason: unknown) => reason as IsthmusError);
    expect(error).toBeInstanceOf(IsthmusError);
    expect(error).toMatchObject({ code: "TRAIN_NON_FINITE", details: { epoch: 3, step: 7, outputs: { loss: NaN } } });
    expect((error as IsthmusError).message).toMatch(
      /^training stopped at epoch 3, step 7: loss NaN, .+; first NaN in input "x"; .+ good checkpoint is that of epoch 2$/,
    );
    expect(checkpoints).toHaveLength(2);
    train.values.set(byteDataset().values);
    const resumed = await fit(tinyVae, { train }, { ...small, engine, epochs: 3, resume: checkpoints[1]! });
    expect(bits(resumed.parameters)).toEqual(bits(whole.parameters));
    engine.dispose();
  });

  it.each(engines)("says on the %s engine which operation was the first to overflow", async (_, makeEngine) => {
    const engine = await makeEngine();
    // Steps of 1000 bring log variances whose exp no number holds.
    const failing = fit(tinyVae, { train: data.train }, { ...small, engine, epochs: 3, learningRate: 1000 });
    await expect(failing).rejects.toMatchObject({
      code: "TRAIN_NON_FINITE",
      message: expect.stringMatching(/step \d+: .*; first Infinity in exp.*; the step was not made$/),
      details: { first: { op: "exp", index: expect.any(Number), value: Infinity } },
    });
    engine.dispose();
  });

  it("stores no parameters that are not finite, though the last loss was", async () => {
    const engine = await engines[0]![1]();
    const checkpoint = async () => expect.unreachable("a checkpoint was stored");
    // Adam's first step has the size of the learning rate, which float32 cannot hold.
    await expect(
      fit(tinyVae, { train: data.train }, { engine, epochs: 1, batchSize: 22, learningRate: 1e39, checkpoint }),
    ).rejects.toMatchObject({
      code: "TRAIN_NON_FINITE",
      details: { tensor: expect.any(String) },
    });
  });

  it("stops at a test metric that is not finite", async () => {
    const engine = await engines[0]![1]();
    const test = rowsDataset([[0, 0, 0, 0, 0, NaN]]);
    await expect(fit(tinyVae, { train: data.train, test }, { ...small, engine, epochs: 1 })).rejects.toMatchObject({
      code: "TRAIN_NON_FINITE",
      message: "training stopped at epoch 1: test negElbo is NaN",
    });
  });

  it.each(engines)("stops on the %s engine when a timer aborts, with the signal's reason", async (_, makeEngine) => {
    const engine = await makeEngine();
    const checkpoints: Uint8Array[] = [];
    const controller = new AbortController();
    setTimeout(() => controller.abort(new Error("enough")), 150);
    const endless = fit(
      tinyVae,
      { train: data.train },
      {
        ...small,
        engine,
        epochs: 1e9,
        signal: controller.signal,
        checkpoint: async (bytes) => void (checkpoints[0] = bytes),
      },
    );
    await expect(endless).rejects.toThrow("enough");
    const { epoch, history } = readCheckpoint(checkpoints[0]!);
    expect(history).toHaveLength(epoch);
    engine.dispose();
  });

  it("does not begin when the signal is aborted already", async () => {
    const engine = await spied(() => expect.unreachable("there was a run"));
    const signal = AbortSignal.abort(new Error("no"));
    await expect(fit(tinyVae, data, { engine, signal })).rejects.toThrow("no");
  });
});

describe("what fit refuses", () => {
  it.each([
    [{ epochs: 0 }, /"epochs" expected a positive integer, got 0/],
    [{ batchSize: 1.5 }, /"batchSize" expected a positive integer, got 1.5/],
    [{ learningRate: 0 }, /"learningRate" expected a positive finite number, got 0/],
    [{ learningRate: Infinity }, /"learningRate"/],
    [{ seed: -1 }, /"seed" expected a non-negative safe integer, got -1/],
  ])("%o", async (wrong, message) => {
    const engine = await engines[0]![1]();
    await expect(fit(tinyVae, data, { engine, ...wrong })).rejects.toThrow(RangeError);
    await expect(fit(tinyVae, data, { engine, ...wrong })).rejects.toThrow(message);
  });

  it("data of another shape, and none", async () => {
    const engine = await engines[0]![1]();
    const train = rowsDataset([[1, 2, 3]]);
    await expect(fit(tinyVae, { train }, { engine })).rejects.toThrow(
      /"rows" expected items of shape \[6\], as the model takes, got \[3\]/,
    );
    const empty = { ...data.train, items: 0, values: new Uint8Array() };
    await expect(fit(tinyVae, { train: empty }, { engine })).rejects.toThrow(/"bytes" expected at least one item/);
    await expect(fit(tinyVae, { ...data, test: train }, { engine })).rejects.toThrow(RangeError);
  });

  it("models whose phases it could not alternate", async () => {
    const engine = await engines[0]![1]();
    const two = { ...tinyVae, phases: [...tinyVae.phases, ...tinyVae.phases] };
    await expect(fit(two, data, { engine })).rejects.toThrow(/one training phase, got 2/);
  });
});
