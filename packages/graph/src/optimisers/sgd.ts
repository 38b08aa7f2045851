import type { GraphBuilder } from "../builder.ts";
import type { Node } from "../ir.ts";
import { type NodesByName, requireDecay, stepEach } from "./optimiser.ts";

export interface SgdOptions {
  /** Decay of the velocity, in [0, 1). Default: 0, and then there is no velocity. */
  readonly momentum?: number;
  /** Looks ahead by the velocity (Sutskever et al. 2013, section 2, in PyTorch's form). Needs momentum. Default: false. */
  readonly nesterov?: boolean;
}

/**
 * One step of stochastic gradient descent as graph: p' = p - lr d with d = g, or with momentum v' = momentum v + g and
 * d = v', or by Nesterov d = g + momentum v'. Declares the scalar input `sgd.learningRate` and, with momentum, the state
 * `opt.sgd.v.<name>`.
 *
 * @param gradients state name -> the loss's gradient, of the parameter's shape
 * @returns updates: state name -> next value, of parameters and velocities
 * @throws RangeError a parameter without gradient, of another shape, or an option out of range
 */
export function sgd(
  build: GraphBuilder,
  parameters: NodesByName,
  gradients: NodesByName,
  { momentum = 0, nesterov = false }: SgdOptions = {},
): Record<string, Node> {
  requireDecay("sgd", "momentum", momentum);
  if (nesterov && momentum === 0) throw new RangeError(`sgd: "nesterov" expected momentum, got none`);
  const learningRate = build.input("sgd.learningRate", []);
  return stepEach(build, "sgd", parameters, gradients, ({ p, g, slot, update }) => {
    if (momentum === 0) return build.emit("sgdParameter", [p, g, learningRate]);
    const v = build.emit("sgdVelocity", [slot("v"), g], { momentum });
    update("v", v);
    if (!nesterov) return build.emit("sgdParameter", [p, v, learningRate]);
    return build.emit("nesterovParameter", [p, g, v, learningRate], { momentum });
  });
}
