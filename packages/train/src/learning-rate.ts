import {
  constantRate,
  cosineRate,
  type Json,
  type JsonObject,
  type LearningRates,
  linearWarmUp,
  stepRate,
} from "@isthmus/graph";
import type { Span } from "@isthmus/models";
import { requirePositive, requirePositiveInteger } from "./checks.ts";

interface Schedule {
  /** The rate that the schedule begins with, after the warm-up. */
  readonly rate: number;
  /** Steps t = 1 .. `warmUp` at the rates `rate` t / `warmUp`. Default: 0. */
  readonly warmUp?: number;
}

/** Always the same rate. */
export interface ConstantSchedule extends Schedule {
  readonly kind: "constant";
}

/** Half a cosine from `rate` down to `floor` (default: 0) over the span, warm-up included; `floor` ever after. */
export type CosineSchedule = Schedule & Span & { readonly kind: "cosine"; readonly floor?: number };

/** The rate multiplied by `factor` after each span, the first of which begins with the warm-up's last step. */
export type StepSchedule = Schedule & Span & { readonly kind: "step"; readonly factor: number };

/** Learning rates as JSON; a number is always the same rate. */
export type LearningRateDescription = number | ConstantSchedule | CosineSchedule | StepSchedule;

/** What a description stands for. */
export interface DescribedLearningRate {
  /** The description with every option; a constant rate without warm-up is its number. */
  readonly description: Json;
  /** The rates of the steps 1, 2, ... */
  readonly rates: LearningRates;
}

interface Checked {
  readonly options: JsonObject;
  /** What follows the warm-up, from its last step on. */
  readonly then: LearningRates;
}

type Kinds = {
  readonly [D in Exclude<LearningRateDescription, number> as D["kind"]]: (given: D, stepsPerEpoch: number) => Checked;
};

const kinds: Kinds = {
  constant: ({ rate }) => ({ options: {}, then: constantRate(rate) }),
  cosine: ({ rate, warmUp = 0, floor = 0, ...given }, stepsPerEpoch) => {
    const { steps, options } = spanOf("cosine", given, stepsPerEpoch);
    if (warmUp > steps) {
      throw new RangeError(`"learningRate.warmUp" expected at most the cosine's ${steps} steps, got ${warmUp}`);
    }
    const then = cosineRate({ rate, steps: steps - Math.max(0, warmUp - 1), floor });
    return { options: { ...options, floor }, then };
  },
  step: ({ rate, factor, ...given }, stepsPerEpoch) => {
    const { steps, options } = spanOf("step", given, stepsPerEpoch);
    return { options: { ...options, factor }, then: stepRate({ rate, factor, every: steps }) };
  },
};

/**
 * Reads a description.
 *
 * @param stepsPerEpoch what an epoch is in steps
 * @throws RangeError an unknown kind or option, or an option out of range
 */
export function describedLearningRate(given: LearningRateDescription, stepsPerEpoch: number): DescribedLearningRate {
  if (typeof given === "number") return describedLearningRate({ kind: "constant", rate: given }, stepsPerEpoch);
  const { kind, rate, warmUp = 0 } = given;
  const make = Object.hasOwn(kinds, kind) ? (kinds[kind] as (given: object, steps: number) => Checked) : undefined;
  if (!make) throw new RangeError(`"learningRate" expected the kind ${Object.keys(kinds).join(", ")}, got ${kind}`);
  requirePositive("learningRate", rate);
  if (warmUp !== 0) requirePositiveInteger("learningRate.warmUp", warmUp);
  const { options, then } = make(given, stepsPerEpoch);
  const description = { kind, rate, ...options, warmUp };
  requireKnown(given, description);
  return {
    description: kind === "constant" && warmUp === 0 ? rate : description,
    rates: warmUp === 0 ? then : linearWarmUp(warmUp, then),
  };
}

function spanOf(
  kind: string,
  { steps, epochs }: { readonly steps?: number; readonly epochs?: number },
  stepsPerEpoch: number,
): { readonly steps: number; readonly options: JsonObject } {
  if ((steps === undefined) === (epochs === undefined)) {
    throw new RangeError(`"learningRate" of kind ${kind} expected either "steps" or "epochs"`);
  }
  if (steps !== undefined) {
    requirePositiveInteger("learningRate.steps", steps);
    return { steps, options: { steps } };
  }
  requirePositiveInteger("learningRate.epochs", epochs!);
  return { steps: epochs! * stepsPerEpoch, options: { epochs: epochs! } };
}

function requireKnown(given: object, description: JsonObject): void {
  const strange = Object.keys(given).find((name) => !Object.hasOwn(description, name));
  if (strange === undefined) return;
  throw new RangeError(`"learningRate" expected ${Object.keys(description).join(", ")}, got "${strange}"`);
}
