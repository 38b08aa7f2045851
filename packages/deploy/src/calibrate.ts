import { type Engine, type HostArray, type Node, type Program, referenceEngine } from "@isthmus/graph";
import { IsthmusError } from "@isthmus/math";
import { type ActivationRange, type ActivationRanges, activationQuantiser } from "./activation-quantiser.ts";
import { fakeQuantiseNetwork } from "./fake-quantise-network.ts";
import { Histogram } from "./histogram.ts";
import { findLayers, isTabled } from "./layers.ts";
import { type Network, onlyInput, parameterOf, partOf } from "./network.ts";

/**
 * How the numbers that a value takes become the range that int8 covers; what lies outside is clamped.
 *
 * - `minmax`: all of them.
 * - `percentile`: all but 1 in 20,000 on either side.
 * - `mse`: the range whose rounding and clamping together have the least squared error.
 * - `outputs`: of these three the one that leaves the least squared error in the outputs, for all values together. The network is run
 *   four times as often.
 */
export type CalibrationMethod = ValueMethod | "outputs";

/** Those that look at one value at a time. */
type ValueMethod = "minmax" | "percentile" | "mse";

const valueMethods: readonly ValueMethod[] = ["minmax", "percentile", "mse"];

export const calibrationMethods: readonly CalibrationMethod[] = [...valueMethods, "outputs"];

export interface CalibrateOptions {
  /** The outputs that will be made in integers. */
  readonly outputs: readonly string[];
  /** Batches of the network's input, float32: 500 items or more that are like those to come. */
  readonly batches: Iterable<Float32Array> | AsyncIterable<Float32Array>;
  /** Default: `mse`. */
  readonly method?: CalibrationMethod;
  /** Default: the float64 interpreter, which is slow. */
  readonly engine?: Engine;
}

/**
 * Runs a network on items and keeps what its values are between, as rounding to int8 wants to know.
 *
 * @throws RangeError an unknown method or output; IsthmusError `DEPLOY_CALIBRATION` no items, or a value that is not finite
 */
export async function calibrate(network: Network, options: CalibrateOptions): Promise<ActivationRanges> {
  const { outputs, batches, method = "mse", engine = referenceEngine() } = options;
  if (!calibrationMethods.includes(method)) {
    throw new RangeError(`"method" expected ${calibrationMethods.join(", ")}, got ${String(method)}`);
  }
  const program = partOf(network.program, outputs);
  const ids = new Set(roundedNodes(program).map(({ id }) => id));
  const observers = new Map([...ids].map((id) => [id, new Observer(program.nodes[id]!)]));
  const { run, dispose } = await opened(engine, observed(program, [...ids]), network);
  const seen: Float32Array[] = [];
  try {
    for await (const batch of batches) {
      const values = await run(batch);
      for (const [id, observer] of observers) observer.add(values[`v${id}`]!);
      if (method === "outputs") seen.push(batch.slice());
    }
  } finally {
    dispose();
  }
  const rangesBy = (by: ValueMethod): ActivationRanges =>
    new Map([...observers].map(([id, observer]) => [id, observer.range(by)]));
  if (method !== "outputs") return rangesBy(method);
  return nearestInOutputs({ program, parameters: network.parameters }, valueMethods.map(rangesBy), seen, engine);
}

/** Of several ranges those with which rounding leaves the least squared error in the outputs, each over its mean square. */
async function nearestInOutputs(
  network: Network,
  candidates: readonly ActivationRanges[],
  batches: readonly Float32Array[],
  engine: Engine,
): Promise<ActivationRanges> {
  const names = Object.keys(network.program.outputs);
  const outputs = Object.fromEntries(names.map((name) => [name, { steps: [1] }]));
  const float = await allOutputs(network.program, network, batches, engine);
  const errors: number[] = [];
  for (const ranges of candidates) {
    const made = await allOutputs(fakeQuantiseNetwork(network.program, { ranges, outputs }), network, batches, engine);
    errors.push(names.reduce((sum, name) => sum + relativeError(made[name]!, float[name]!), 0));
  }
  return candidates[errors.indexOf(Math.min(...errors))]!;
}

async function allOutputs(
  program: Program,
  network: Network,
  batches: readonly Float32Array[],
  engine: Engine,
): Promise<Record<string, Float32Array[]>> {
  const { run, dispose } = await opened(engine, program, network);
  const all: Record<string, Float32Array[]> = {};
  try {
    for (const batch of batches) {
      for (const [name, values] of Object.entries(await run(batch))) (all[name] ??= []).push(values);
    }
  } finally {
    dispose();
  }
  return all;
}

function relativeError(made: readonly Float32Array[], wanted: readonly Float32Array[]): number {
  let [error, energy] = [0, 0];
  wanted.forEach((batch, k) =>
    batch.forEach((value, i) => {
      error += (made[k]![i]! - value) ** 2;
      energy += value ** 2;
    }),
  );
  return error / (energy || 1);
}

/** The nodes whose values become int8: the input, the ends of layers but the last ones, and in whatever shape layers read them. */
function roundedNodes(program: Program): Node[] {
  const outputs = new Set(Object.values(program.outputs));
  const layers = [...findLayers(program).values()];
  const ends = layers.flatMap((layer) => (isTabled(layer) ? [layer.sum, layer.end] : [layer.end]));
  const read = layers.map(({ linear }) => program.nodes[linear.inputs[0]!]!);
  return [...program.nodes.filter(({ op }) => op === "input"), ...ends, ...read].filter(({ id }) => !outputs.has(id));
}

function observed(program: Program, ids: readonly number[]): Program {
  return { ...program, outputs: Object.fromEntries(ids.map((id) => [`v${id}`, id])) };
}

interface Opened {
  readonly run: (batch: HostArray) => Promise<Record<string, Float32Array>>;
  readonly dispose: () => void;
}

async function opened(engine: Engine, program: Program, network: Network): Promise<Opened> {
  const state = engine.createState(program.state);
  for (const name of Object.keys(program.state)) await state.write(name, parameterOf(network, name));
  const executable = await engine.compile(program, state);
  const name = onlyInput(program);
  return {
    run: async (batch) => {
      const { outputs } = await executable.run({ [name]: batch });
      return Object.fromEntries(
        await Promise.all(Object.entries(outputs).map(async ([key, handle]) => [key, await handle.read()] as const)),
      );
    },
    dispose: () => {
      executable.dispose();
      state.dispose();
    },
  };
}

/** What the values of a node are like. */
class Observer {
  private readonly node: Node;
  private readonly histogram = new Histogram();
  private readonly sums: Float64Array;
  private readonly maxima: Float64Array;

  constructor(node: Node) {
    this.node = node;
    this.sums = new Float64Array(node.shape.at(-1) as number);
    this.maxima = new Float64Array(this.sums.length).fill(Number.NEGATIVE_INFINITY);
  }

  /** @throws IsthmusError `DEPLOY_CALIBRATION` a value that is not finite */
  add(values: Float32Array): void {
    const channels = this.sums.length;
    for (let i = 0; i < values.length; i++) {
      const value = values[i]!;
      if (!Number.isFinite(value)) {
        throw new IsthmusError("DEPLOY_CALIBRATION", `node ${this.node.id} (${this.node.op}) is ${value} for an item`);
      }
      this.histogram.add(value);
      this.sums[i % channels]! += value;
      this.maxima[i % channels] = Math.max(this.maxima[i % channels]!, value);
    }
  }

  /** @throws IsthmusError `DEPLOY_CALIBRATION` no items */
  range(method: ValueMethod): ActivationRange {
    const { total } = this.histogram;
    if (total === 0) throw new IsthmusError("DEPLOY_CALIBRATION", "there are no items to calibrate with");
    const means = Array.from(this.sums, (sum) => (sum * this.sums.length) / total);
    return { ...rangeOf(this.histogram, method), means, maxima: [...this.maxima] };
  }
}

function rangeOf(histogram: Histogram, method: ValueMethod): ActivationRange {
  const { min, max } = histogram;
  switch (method) {
    case "minmax":
      return { min, max };
    case "percentile":
      return { min: histogram.quantile(5e-5), max: histogram.quantile(1 - 5e-5) };
    case "mse":
      return leastError(histogram);
  }
}

/** Of the ranges that are the whole one shrunk towards 0, by 1/64 at a time, the best. */
function leastError(histogram: Histogram): ActivationRange {
  const bins = histogram.bins();
  const error = (range: ActivationRange): number => {
    const { scale, zero } = activationQuantiser(range);
    return bins.reduce((sum, { mean, count }) => {
      const q = Math.min(Math.max(Math.round(mean / scale) + zero, -128), 127);
      return sum + count * (mean - scale * (q - zero)) ** 2;
    }, 0);
  };
  let best = { min: histogram.min, max: histogram.max };
  let least = error(best);
  for (let part = 63; part >= 16; part--) {
    const range = { min: (histogram.min * part) / 64, max: (histogram.max * part) / 64 };
    const found = error(range);
    if (found < least) [best, least] = [range, found];
  }
  return best;
}
