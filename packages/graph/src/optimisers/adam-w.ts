import type { GraphBuilder } from "../builder.ts";
import type { Node } from "../ir.ts";
import { type AdamOptions, AdamSchedule, checkedMoments, nextMoments } from "./adam.ts";
import { type NodesByName, stepEach } from "./optimiser.ts";

export interface AdamWOptions extends AdamOptions {
  /** Share of a parameter that a step at learning rate 1 takes away, not negative. Default: 0.01. */
  readonly weightDecay?: number;
}

function checkedDecay({ weightDecay = 0.01 }: AdamWOptions): number {
  if (weightDecay >= 0 && Number.isFinite(weightDecay)) return weightDecay;
  throw new RangeError(`adamW: "weightDecay" expected a number that is not negative, got ${weightDecay}`);
}

/**
 * One step of Adam with decoupled weight decay (Loshchilov, Hutter 2019, algorithm 2, with the decay scaled by the
 * learning rate, as PyTorch does) as graph. Declares the scalar inputs `adamW.stepSize`, `adamW.secondScale` and
 * `adamW.keep`, which the host computes with `AdamWSchedule`, and the state `opt.adamW.m.<name>`, `opt.adamW.v.<name>`.
 *
 * @param gradients state name -> the loss's gradient, of the parameter's shape
 * @returns updates: state name -> next value, of parameters and moments
 * @throws RangeError a parameter without gradient, of another shape, or an option out of range
 */
export function adamW(
  build: GraphBuilder,
  parameters: NodesByName,
  gradients: NodesByName,
  options: AdamWOptions = {},
): Record<string, Node> {
  const checked = checkedMoments("adamW", options);
  checkedDecay(options);
  const { epsilon } = checked;
  const scalars = ["stepSize", "secondScale", "keep"].map((name) => build.input(`adamW.${name}`, []));
  return stepEach(build, "adamW", parameters, gradients, (step) => {
    const [m, v] = nextMoments(build, step, checked);
    return build.emit("adamWParameter", [step.p, m, v, ...scalars], { epsilon });
  });
}

/** The scalars of a step: Adam's two, and `keep = 1 - lr weightDecay`. */
export class AdamWSchedule {
  private readonly moments: AdamSchedule;
  private readonly weightDecay: number;

  constructor(options: AdamWOptions = {}) {
    this.moments = new AdamSchedule(options);
    this.weightDecay = checkedDecay(options);
  }

  /** Goes one step forward. */
  advance(): void {
    this.moments.advance();
  }

  /** The inputs of the step reached, written into arrays of length 1. `RangeError` before the first `advance`. */
  write(learningRate: number, stepSize: Float32Array, secondScale: Float32Array, keep: Float32Array): void {
    this.moments.write(learningRate, stepSize, secondScale);
    keep[0] = 1 - learningRate * this.weightDecay;
  }
}
