import { readFileSync } from "node:fs";
import { initialise, interpret, type Program, type StoredTensor, trainingStep } from "@isthmus/graph";
import { type BaseConfig, defineModel, type ModelDefinition } from "@isthmus/models";
import { describe, expect, it } from "vitest";
import { describedLearningRate, fit, type FitOptions } from "../src/index.ts";
import { engines, rowsDataset } from "./support.ts";

/** Made by tools/fixtures/train_vae.py: PyTorch in float64 on our data, order and noise. Tensors are flat. */
interface Fixture {
  readonly run: {
    readonly seed: number;
    readonly learningRate: number;
    readonly batchSize: number;
    readonly epochs: number;
  };
  readonly x: readonly (readonly number[])[];
  readonly cases: readonly Case[];
}

interface Case {
  readonly name: string;
  readonly kind: string;
  readonly config: BaseConfig;
  readonly weights: Tensors;
  /** Which items each step saw. */
  readonly items: readonly (readonly number[])[];
  readonly losses: readonly Readonly<Record<string, number>>[];
  /** Of the first step. */
  readonly gradients: Tensors;
  readonly trajectory: readonly { readonly step: number; readonly parameters: Tensors }[];
}

type Tensors = Readonly<Record<string, readonly number[]>>;

interface OptimiserCase extends Case {
  readonly fit: Pick<FitOptions, "optimiser" | "learningRate" | "maxGradientNorm">;
  /** Of each step. */
  readonly rates: readonly number[];
  /** Of each step before clipping; empty without. */
  readonly norms: readonly number[];
}

const read = <T>(name: string) =>
  JSON.parse(readFileSync(new URL(`fixtures/${name}.json`, import.meta.url), "utf8")) as T;
const fixture = read<Fixture>("train-vae");
const { run, x } = fixture;
const { cases: optimiserCases } = read<{ readonly cases: readonly OptimiserCase[] }>("train-optimisers");

/** Largest |a - b| relative to the largest number of the tensor, over all tensors. */
function distance(got: Readonly<Record<string, ArrayLike<number>>>, expected: Tensors): number {
  return Math.max(
    ...Object.entries(expected).map(([name, values]) => {
      const scale = Math.max(...values.map(Math.abs));
      return Math.max(...values.map((value, i) => Math.abs(got[name]![i]! - value))) / scale;
    }),
  );
}

/** The inputs of step t in float64; Adam's scalars from its paper's formulas. */
function inputsOf(
  program: Program,
  { items }: Case,
  t: number,
): Record<string, Float32Array | Float64Array | Int32Array> {
  const all = {
    x: Float32Array.from(items[t - 1]!.flatMap((item) => x[item]!)),
    seed: Int32Array.of(run.seed, 0),
    step: Int32Array.of(t, 0),
    "adam.stepSize": Float64Array.of(run.learningRate / (1 - 0.9 ** t)),
    "adam.secondScale": Float64Array.of(1 / Math.sqrt(1 - 0.999 ** t)),
  };
  return Object.fromEntries(Object.entries(all).filter(([name]) => name in program.inputs));
}

describe.each(fixture.cases.map((given) => [given.name, given] as const))("%s beside PyTorch", (_, given) => {
  const definition: ModelDefinition = defineModel(given.kind, given.config);
  const [phase] = definition.phases;
  const program = trainingStep(phase!.loss, phase!.parameters);

  function* interpreted() {
    const slots = Object.entries(initialise(program.state, run.seed));
    let state: Record<string, Float64Array> = Object.fromEntries(
      slots.map(([name, values]) => [name, Float64Array.from(given.weights[name] ?? values)]),
    );
    for (let t = 1; t <= given.items.length; t++) {
      const result = interpret(program, {
        inputs: inputsOf(program, given, t),
        state,
        batch: given.items[t - 1]!.length,
      });
      state = Object.fromEntries(
        Object.entries(result.updates).map(([name, { data }]) => [name, Float64Array.from(data)]),
      );
      yield { t, outputs: result.outputs, state };
    }
  }

  it("has the same gradients in float64", () => {
    const { state } = interpreted().next().value!;
    // From zero, the first moment after one step is (1 - beta1) g.
    const gradients = Object.fromEntries(
      Object.keys(given.weights).map((name) => [name, state[`opt.adam.m.${name}`]!.map((m) => m / (1 - 0.9))]),
    );
    // Sums of at most 7 terms in another order, through four layers: some tens of 2^-53. Measured: 7 * 2^-53.
    expect(distance(gradients, given.gradients)).toBeLessThan(32 * 2 ** -53);
  });

  it("has the same losses and goes the same way under Adam in float64", () => {
    // As above. A loss is smaller than the terms it sums: measured 32 * 2^-53 of it; parameters 6 * 2^-53.
    for (const { t, outputs, state } of interpreted()) {
      for (const [name, value] of Object.entries(given.losses[t - 1]!)) {
        expect(Math.abs(outputs[name]!.data[0]! - value)).toBeLessThan(128 * 2 ** -53 * Math.abs(value));
      }
      const there = given.trajectory.find(({ step }) => step === t);
      if (there) expect(distance(state, there.parameters)).toBeLessThan(32 * 2 ** -53);
    }
  });

  it.each(engines)("is where fit arrives on the %s engine", async (__, makeEngine) => {
    const engine = await makeEngine();
    const losses: number[] = [];
    const onProgress = ({ loss }: { loss: number }) => void losses.push(loss);
    const { parameters, steps } = await fit(definition, { train: rowsDataset(x) }, { ...run, engine, onProgress });
    engine.dispose();
    expect(steps).toBe(given.items.length);
    // A loss sums at most 7 terms of a few float32 roundings each, not all the same way. Measured: 3 * 2^-24.
    losses.forEach((loss, i) => expect(Math.abs(loss / given.losses[i]!["loss"]! - 1)).toBeLessThan(8 * 2 ** -24));
    // 21 steps of at most lr = 0.01 each, 0.2 in all, turned by the relative error of a gradient: a few 2^-24 of the
    // terms it sums, 2e-5 of itself where they cancel to a fiftieth. Measured: 1.0e-6.
    expect(distance(flat(parameters), given.trajectory.at(-1)!.parameters)).toBeLessThan(4e-6);
  });
});

describe.each(optimiserCases.map((given) => [given.name, given] as const))("%s beside PyTorch", (_, given) => {
  it("has the same learning rates", () => {
    const { rates } = describedLearningRate(given.fit.learningRate!, 3);
    const got = given.rates.map(() => rates.next());
    // 21 turns of the cosine's vector, some epsilons each, of a rate that PyTorch multiplies along as well.
    got.forEach((rate, i) => expect(Math.abs(rate - given.rates[i]!)).toBeLessThan(64 * 2 ** -53 * 0.02));
  });

  it.each(engines)("is where fit arrives on the %s engine", async (__, makeEngine) => {
    const engine = await makeEngine();
    const losses: number[] = [];
    const onProgress = ({ loss }: { loss: number }) => void losses.push(loss);
    const options = { ...run, ...given.fit, engine, onProgress };
    const definition = defineModel(given.kind, given.config);
    const { parameters, history } = await fit(definition, { train: rowsDataset(x) }, options);
    engine.dispose();
    // Roundings as above, steps of at most 0.02. Measured: 2 * 2^-24 and 4.7e-7.
    losses.forEach((loss, i) => expect(Math.abs(loss / given.losses[i]!["loss"]! - 1)).toBeLessThan(8 * 2 ** -24));
    expect(distance(flat(parameters), given.trajectory.at(-1)!.parameters)).toBeLessThan(2e-6);
    expect(history.map(({ train }) => "gradientNorm" in train)).toEqual(history.map(() => given.norms.length > 0));
    epochMeans(given).forEach((mean, epoch) => {
      // A gradient is right to some tens of 2^-24 of its largest entry.
      expect(Math.abs(history[epoch]!.train["gradientNorm"]! / mean - 1)).toBeLessThan(32 * 2 ** -24);
    });
  });
});

/** The means over items of the gradients' norms, epoch by epoch. */
function epochMeans({ norms, items }: OptimiserCase): number[] {
  const perEpoch = Math.ceil(x.length / run.batchSize);
  return Array.from({ length: norms.length / perEpoch }, (_, epoch) => {
    const steps = norms.slice(epoch * perEpoch, (epoch + 1) * perEpoch);
    const sum = steps.reduce((total, norm, i) => total + norm * items[epoch * perEpoch + i]!.length, 0);
    return sum / x.length;
  });
}

function flat(parameters: Readonly<Record<string, StoredTensor>>): Record<string, ArrayLike<number>> {
  return Object.fromEntries(Object.entries(parameters).map(([name, { data }]) => [name, data]));
}
