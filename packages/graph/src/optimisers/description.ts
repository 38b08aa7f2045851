import type { GraphBuilder } from "../builder.ts";
import type { JsonObject, Node } from "../ir.ts";
import { adam, type AdamOptions, AdamSchedule, checkedMoments } from "./adam.ts";
import { adamW, type AdamWOptions, AdamWSchedule, checkedAdamW } from "./adam-w.ts";
import type { NodesByName } from "./optimiser.ts";
import { checkedRmsProp, rmsProp, type RmsPropOptions } from "./rms-prop.ts";
import { checkedSgd, sgd, type SgdOptions } from "./sgd.ts";

/** An optimiser as JSON: its kind and those of its options that are not the defaults. */
export type OptimiserDescription =
  | ({ readonly kind: "adam" } & AdamOptions)
  | ({ readonly kind: "adamW" } & AdamWOptions)
  | ({ readonly kind: "sgd" } & SgdOptions)
  | ({ readonly kind: "rmsProp" } & RmsPropOptions);

/** The scalar inputs of a training step, made on the host; step 1 comes with the first `advance`. */
export interface StepScalars {
  /** Input name -> its array of length 1, the same at every step. */
  readonly inputs: Readonly<Record<string, Float32Array>>;
  /** Goes one step forward and writes the inputs of a step at this learning rate. */
  readonly advance: (learningRate: number) => void;
}

/** What a description stands for. */
export interface DescribedOptimiser {
  /** The description with every option. */
  readonly description: JsonObject & { readonly kind: OptimiserDescription["kind"] };
  /** Next values of parameters and slots, by state name, as more graph. */
  readonly updates: (build: GraphBuilder, parameters: NodesByName, gradients: NodesByName) => Record<string, Node>;
  /** New scalars, before step 1. */
  readonly scalars: () => StepScalars;
}

type Kinds = { readonly [D in OptimiserDescription as D["kind"]]: (options: Omit<D, "kind">) => Made };
type Made = Omit<DescribedOptimiser, "description"> & { readonly options: JsonObject };

const kinds: Kinds = {
  adam: (given) => {
    const options = checkedMoments("adam", given);
    return { options: { ...options }, updates: withOptions(adam, options), scalars: () => adamScalars(options) };
  },
  adamW: (given) => {
    const options = checkedAdamW(given);
    return { options: { ...options }, updates: withOptions(adamW, options), scalars: () => adamWScalars(options) };
  },
  sgd: (given) => {
    const options = checkedSgd(given);
    return { options: { ...options }, updates: withOptions(sgd, options), scalars: () => rateAlone("sgd") };
  },
  rmsProp: (given) => {
    const options = checkedRmsProp(given);
    return { options: { ...options }, updates: withOptions(rmsProp, options), scalars: () => rateAlone("rmsProp") };
  },
};

/** The kinds that a description may name. */
export const optimiserKinds: readonly OptimiserDescription["kind"][] = Object.keys(
  kinds,
) as OptimiserDescription["kind"][];

/**
 * Reads a description.
 *
 * @throws RangeError an unknown kind or option, or an option out of range
 */
export function describedOptimiser(given: OptimiserDescription): DescribedOptimiser {
  const { kind, ...rest } = given;
  const make = Object.hasOwn(kinds, kind) ? (kinds[kind] as (options: object) => Made) : undefined;
  if (!make) throw new RangeError(`"optimiser" expected the kind ${optimiserKinds.join(", ")}, got ${String(kind)}`);
  const { options, ...optimiser } = make(rest);
  const strange = Object.keys(rest).find((name) => !Object.hasOwn(options, name));
  if (strange !== undefined)
    throw new RangeError(`${kind}: expected ${Object.keys(options).join(", ")}, got "${strange}"`);
  return { ...optimiser, description: { kind, ...options } };
}

function withOptions<Options>(
  optimiser: (build: GraphBuilder, p: NodesByName, g: NodesByName, options: Options) => Record<string, Node>,
  options: Options,
): DescribedOptimiser["updates"] {
  return (build, parameters, gradients) => optimiser(build, parameters, gradients, options);
}

function adamScalars(options: AdamOptions): StepScalars {
  const schedule = new AdamSchedule(options);
  const [stepSize, secondScale] = [new Float32Array(1), new Float32Array(1)];
  return {
    inputs: { "adam.stepSize": stepSize, "adam.secondScale": secondScale },
    advance: (learningRate) => {
      schedule.advance();
      schedule.write(learningRate, stepSize, secondScale);
    },
  };
}

function adamWScalars(options: AdamWOptions): StepScalars {
  const schedule = new AdamWSchedule(options);
  const [stepSize, secondScale, keep] = [new Float32Array(1), new Float32Array(1), new Float32Array(1)];
  return {
    inputs: { "adamW.stepSize": stepSize, "adamW.secondScale": secondScale, "adamW.keep": keep },
    advance: (learningRate) => {
      schedule.advance();
      schedule.write(learningRate, stepSize, secondScale, keep);
    },
  };
}

function rateAlone(kind: "sgd" | "rmsProp"): StepScalars {
  const rate = new Float32Array(1);
  return { inputs: { [`${kind}.learningRate`]: rate }, advance: (learningRate) => void (rate[0] = learningRate) };
}
