import type { GraphBuilder } from "../builder.ts";
import type { Node } from "../ir.ts";
import { type NodesByName, type ParameterStep, requireDecay, requirePositive, stepEach } from "./optimiser.ts";

export interface AdamOptions {
  /** Decay of the first moment. */
  readonly beta1?: number;
  /** Decay of the second moment. */
  readonly beta2?: number;
  /** Added to the root of the second moment, so that the step stays bounded. */
  readonly epsilon?: number;
}

const defaults = { beta1: 0.9, beta2: 0.999, epsilon: 1e-8 } as const satisfies Required<AdamOptions>;

/**
 * One step of Adam (Kingma, Ba 2015, algorithm 1) as graph. Declares the inputs `adam.stepSize` and
 * `adam.secondScale`, scalars that the host computes with `AdamSchedule`, and the state `opt.adam.m.<name>`,
 * `opt.adam.v.<name>`.
 *
 * @param parameters state name -> its node
 * @param gradients state name -> the loss's gradient, of the same shape
 * @returns updates: state name -> next value, of parameters and moments
 * @throws RangeError a parameter without gradient, of another shape, or an option out of range
 */
export function adam(
  build: GraphBuilder,
  parameters: NodesByName,
  gradients: NodesByName,
  options: AdamOptions = {},
): Record<string, Node> {
  const checked = checkedMoments("adam", options);
  const { epsilon } = checked;
  const stepSize = build.input("adam.stepSize", []);
  const secondScale = build.input("adam.secondScale", []);
  return stepEach(build, "adam", parameters, gradients, (step) => {
    const [m, v] = nextMoments(build, step, checked);
    return build.emit("adamParameter", [step.p, m, v, stepSize, secondScale], { epsilon });
  });
}

/** The options with their defaults. */
export function checkedMoments(optimiser: string, options: AdamOptions): Required<AdamOptions> {
  const all = { ...defaults, ...options };
  requireDecay(optimiser, "beta1", all.beta1);
  requireDecay(optimiser, "beta2", all.beta2);
  requirePositive(optimiser, "epsilon", all.epsilon);
  return all;
}

/** Both moments of one parameter, moved on. */
export function nextMoments(
  build: GraphBuilder,
  { g, slot, update }: ParameterStep,
  { beta1, beta2 }: Required<AdamOptions>,
): readonly [Node, Node] {
  const m = build.emit("adamFirstMoment", [slot("m"), g], { decay: beta1, complement: 1 - beta1 });
  const v = build.emit("adamSecondMoment", [slot("v"), g], { decay: beta2, complement: 1 - beta2 });
  update("m", m);
  update("v", v);
  return [m, v];
}

/**
 * The two scalars Adam needs at step t = 1, 2, ...: `stepSize = lr / (1 - beta1^t)` and
 * `secondScale = 1 / sqrt(1 - beta2^t)`. Powers are running products, never `**`, so every platform gets the same bits.
 */
export class AdamSchedule {
  private power1 = 1;
  private power2 = 1;
  private readonly beta1: number;
  private readonly beta2: number;

  constructor(options: AdamOptions = {}) {
    const { beta1, beta2 } = checkedMoments("adam", options);
    this.beta1 = beta1;
    this.beta2 = beta2;
  }

  /** Goes one step forward. */
  advance(): void {
    this.power1 *= this.beta1;
    this.power2 *= this.beta2;
  }

  /** The inputs of the step reached, written into arrays of length 1. `RangeError` before the first `advance`. */
  write(learningRate: number, stepSize: Float32Array, secondScale: Float32Array): void {
    if (this.power2 === 1) throw new RangeError("AdamSchedule: steps count from 1; advance before the first");
    stepSize[0] = learningRate / (1 - this.power1);
    secondScale[0] = 1 / Math.sqrt(1 - this.power2);
  }
}
