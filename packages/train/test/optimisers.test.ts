/** Training with every optimiser, schedule and clipping: what resumes, what is told apart, what is refused. */
import { GraphBuilder, type OptimiserDescription } from "@isthmus/graph";
import type { IsthmusError } from "@isthmus/math";
import { describe, expect, it } from "vitest";
import {
  describedLearningRate,
  fit,
  type FitOptions,
  type LearningRateDescription,
  readCheckpoint,
} from "../src/index.ts";
import { bits, byteDataset, engines, tinyVae } from "./support.ts";

const train = byteDataset();
type Options = Pick<FitOptions, "optimiser" | "learningRate" | "maxGradientNorm">;

/** Trains with three steps an epoch; returns the last checkpoint, read and as it is. */
async function run(options: FitOptions) {
  let bytes = new Uint8Array();
  const checkpoint = async (stored: Uint8Array) => void (bytes = Uint8Array.from(stored));
  const result = await fit(tinyVae, { train }, { batchSize: 8, seed: 5, ...options, checkpoint });
  return { result, bytes };
}

const optimisers: readonly OptimiserDescription[] = [
  { kind: "adam", beta1: 0.8 },
  { kind: "adamW", weightDecay: 0.3 },
  { kind: "sgd" },
  { kind: "sgd", momentum: 0.9, nesterov: true },
  { kind: "rmsProp", decay: 0.9 },
];
const schedules: readonly LearningRateDescription[] = [
  0.01,
  { kind: "constant", rate: 0.01, warmUp: 8 },
  { kind: "cosine", rate: 0.02, epochs: 3, warmUp: 2, floor: 0.001 },
  { kind: "step", rate: 0.02, factor: 0.5, steps: 4 },
];

describe.each(engines)("2 + 2 epochs equal 4 on the %s engine, every tensor and every mean,", (_, makeEngine) => {
  // Each optimiser, and each schedule, the one with clipping and the other without.
  const cases: readonly Options[] = [
    ...optimisers.map((optimiser) => ({ optimiser, learningRate: schedules[2]!, maxGradientNorm: 0.5 })),
    ...schedules.map((learningRate) => ({ learningRate })),
  ];
  it.each(cases)("with %j", async (options) => {
    const engine = await makeEngine();
    const whole = await run({ ...options, engine, epochs: 4 });
    const begun = await run({ ...options, engine, epochs: 2 });
    const other = await makeEngine();
    const resumed = await run({ ...options, engine: other, epochs: 4, resume: begun.bytes });
    const [expected, got] = [whole, resumed].map(({ bytes }) => readCheckpoint(bytes));
    expect(bits(got!.tensors)).toEqual(bits(expected!.tensors));
    expect(got!.history.map(({ train: means }) => means)).toEqual(expected!.history.map(({ train: means }) => means));
    expect(got!.run).toEqual(expected!.run);
    const first = readCheckpoint(begun.bytes).tensors;
    expect(bits(resumed.result.parameters)).not.toMatchObject(
      bits(Object.fromEntries(Object.keys(tinyVae.parameters).map((name) => [name, first[name]!]))),
    );
    engine.dispose();
    other.dispose();
  });
});

describe("what is trained with", () => {
  it("each gives other parameters, and options that say the same give the same", async () => {
    const engine = await engines[1]![1]();
    const trained = async (options: Options) =>
      JSON.stringify(bits((await run({ ...options, engine, epochs: 2 })).result.parameters));
    const different: readonly Options[] = [
      ...optimisers.map((optimiser) => ({ optimiser, learningRate: 0.01 })),
      ...schedules.map((learningRate) => ({ learningRate })),
      { learningRate: 0.01, maxGradientNorm: 0.5 },
    ];
    const results = new Set<string>();
    for (const options of different) results.add(await trained(options));
    expect(results.size).toBe(different.length);
    expect(await trained({ optimiser: { kind: "adam" }, learningRate: { kind: "constant", rate: 0.01 } })).toBe(
      await trained({ learningRate: 0.01 }),
    );
    engine.dispose();
  });

  it("clipping that never clips changes no bit, and tells the norm", async () => {
    const engine = await engines[1]![1]();
    const free = await run({ engine, epochs: 1, learningRate: 0.01 });
    const loose = await run({ engine, epochs: 1, learningRate: 0.01, maxGradientNorm: 1e9 });
    expect(bits(loose.result.parameters)).toEqual(bits(free.result.parameters));
    const { gradientNorm, ...rest } = loose.result.history[0]!.train;
    expect(rest).toEqual(free.result.history[0]!.train);
    expect(gradientNorm).toBeGreaterThan(0);
    engine.dispose();
  });

  it("stays in the checkpoint, options and all", async () => {
    const engine = await engines[0]![1]();
    const learningRate = { kind: "cosine", rate: 0.01, epochs: 4 } as const;
    const { bytes } = await run({ engine, epochs: 1, optimiser: { kind: "sgd" }, learningRate, maxGradientNorm: 2 });
    expect(readCheckpoint(bytes).run).toMatchObject({
      optimiser: { kind: "sgd", momentum: 0, nesterov: false },
      learningRate: { kind: "cosine", rate: 0.01, epochs: 4, floor: 0, warmUp: 0 },
      maxGradientNorm: 2,
    });
    expect(Object.keys(readCheckpoint(bytes).tensors).sort()).toEqual(Object.keys(tinyVae.parameters).sort());
  });
});

describe("resuming refuses, naming the field,", async () => {
  const engine = await engines[0]![1]();
  const given: Options = {
    optimiser: { kind: "sgd", momentum: 0.9 },
    learningRate: { kind: "cosine", rate: 0.01, epochs: 4 },
    maxGradientNorm: 2,
  };
  const { bytes } = await run({ ...given, engine, epochs: 1 });
  it.each([
    ["optimiser.kind", '"sgd"', '"adam"', { optimiser: { kind: "adam" } }],
    ["optimiser.momentum", "0.9", "0.8", { optimiser: { kind: "sgd", momentum: 0.8 } }],
    ["optimiser.nesterov", "false", "true", { optimiser: { kind: "sgd", momentum: 0.9, nesterov: true } }],
    ["learningRate.rate", "0.01", "0.02", { learningRate: { kind: "cosine", rate: 0.02, epochs: 4 } }],
    ["learningRate.epochs", "4", "5", { learningRate: { kind: "cosine", rate: 0.01, epochs: 5 } }],
    ["learningRate.warmUp", "0", "3", { learningRate: { kind: "cosine", rate: 0.01, epochs: 4, warmUp: 3 } }],
    ["maxGradientNorm", "2", "1", { maxGradientNorm: 1 }],
  ] as const)("another %s: %s, %s", async (field, expected, got, changes) => {
    await expect(run({ ...given, ...changes, engine, epochs: 2, resume: bytes })).rejects.toMatchObject({
      code: "CHECKPOINT_MISMATCH",
      details: { field, expected, got },
    });
  });
});

it.each(engines)(
  "an infinite gradient under a finite loss stops the %s engine where clipping sees it",
  async (_, make) => {
    const engine = await make();
    const build = new GraphBuilder();
    // At 0, where p begins, the root's slope is infinite.
    const root = build.sqrt(build.state("p", { shape: [], init: { kind: "zeros" } }));
    const loss = build.program({ outputs: { loss: build.add(root, build.mean(build.input("x", ["batch", 6]))) } });
    const definition = { ...tinyVae, phases: [{ name: "root", loss, parameters: ["p"] }] };
    const failing = fit(definition, { train }, { engine, epochs: 1, maxGradientNorm: 1 });
    const error = await failing.catch((reason: unknown) => reason as IsthmusError);
    expect(error).toMatchObject({ code: "TRAIN_NON_FINITE", details: { step: 1, first: { value: Infinity } } });
    const { outputs } = (error as IsthmusError).details as { outputs: Record<string, number> };
    expect([outputs["loss"], outputs["gradientNorm"]].map(Number.isFinite)).toEqual([true, false]);
    engine.dispose();
  },
);

describe("a learning rate's description", () => {
  const take = (given: LearningRateDescription, count: number) => {
    const { rates } = describedLearningRate(given, 2);
    return Array.from({ length: count }, () => rates.next());
  };

  it("counts steps, or epochs of so many steps", () => {
    expect(take({ kind: "step", rate: 1, factor: 0.5, epochs: 1 }, 5)).toEqual([1, 1, 0.5, 0.5, 0.25]);
    expect(take({ kind: "step", rate: 1, factor: 0.5, steps: 3 }, 5)).toEqual([1, 1, 1, 0.5, 0.5]);
    expect(take({ kind: "step", rate: 1, factor: 0.5, steps: 2, warmUp: 2 }, 5)).toEqual([0.5, 1, 1, 0.5, 0.5]);
    expect(take({ kind: "cosine", rate: 1, epochs: 3 }, 8)).toEqual(take({ kind: "cosine", rate: 1, steps: 6 }, 8));
  });

  it.each([0, 1, 2, 5, 6])("a cosine of 6 steps, %i of them warm-up, is at its floor from step 7 on", (warmUp) => {
    const rates = take({ kind: "cosine", rate: 1, steps: 6, floor: 0.25, warmUp }, 9);
    expect(rates.slice(6)).toEqual([0.25, 0.25, 0.25]);
    expect(Math.min(...rates.slice(Math.max(0, warmUp - 1), 6))).toBeGreaterThan(0.25);
    expect(rates.indexOf(1)).toBe(Math.max(0, warmUp - 1));
  });

  it.each([
    [{ kind: "linear", rate: 1 }, `"learningRate" expected the kind constant, cosine, step, got linear`],
    [{ kind: "cosine", rate: 1 }, `"learningRate" of kind cosine expected either "steps" or "epochs"`],
    [
      { kind: "step", rate: 1, factor: 1, steps: 1, epochs: 1 },
      `"learningRate" of kind step expected either "steps" or "epochs"`,
    ],
    [{ kind: "cosine", rate: 1, epochs: 0.5 }, `"learningRate.epochs" expected a positive integer, got 0.5`],
    [
      { kind: "cosine", rate: 1, steps: 3, warmUp: 4 },
      `"learningRate.warmUp" expected at most the cosine's 3 steps, got 4`,
    ],
    [{ kind: "constant", rate: 1, warmUp: -1 }, `"learningRate.warmUp" expected a positive integer, got -1`],
    [{ kind: "constant", rate: 1, floor: 0 }, `"learningRate" expected kind, rate, warmUp, got "floor"`],
    [{ kind: "constant", rate: 0 }, `"learningRate" expected a positive finite number, got 0`],
  ])("%j is refused", async (given, message) => {
    const learningRate = given as LearningRateDescription;
    expect(() => describedLearningRate(learningRate, 2)).toThrow(new RangeError(message));
    const engine = await engines[0]![1]();
    await expect(fit(tinyVae, { train }, { engine, learningRate })).rejects.toThrow(RangeError);
  });
});

it.each([
  [{ maxGradientNorm: 0 }, `"maxGradientNorm" expected a positive finite number, got 0`],
  [{ optimiser: { kind: "sgd", nesterov: true } }, `sgd: "nesterov" expected momentum, got none`],
] as const)("fit refuses %j", async (options, message) => {
  const engine = await engines[0]![1]();
  await expect(fit(tinyVae, { train }, { engine, ...options })).rejects.toThrow(new RangeError(message));
});
