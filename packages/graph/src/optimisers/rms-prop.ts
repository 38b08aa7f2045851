import type { GraphBuilder } from "../builder.ts";
import type { Node } from "../ir.ts";
import { type NodesByName, requireDecay, requirePositive, stepEach } from "./optimiser.ts";

export interface RmsPropOptions {
  /** Of the mean square, in [0, 1). Default: 0.99. */
  readonly decay?: number;
  /** Added to the root of the mean square. Default: 1e-8. */
  readonly epsilon?: number;
}

/**
 * One step of RMSProp (Tieleman, Hinton 2012, lecture 6.5) as graph: v' = decay v + (1 - decay) g^2,
 * p' = p - lr g / (sqrt(v') + epsilon). Declares the scalar input `rmsProp.learningRate` and the state
 * `opt.rmsProp.v.<name>`.
 *
 * @param gradients state name -> the loss's gradient, of the parameter's shape
 * @returns updates: state name -> next value, of parameters and mean squares
 * @throws RangeError a parameter without gradient, of another shape, or an option out of range
 */
export function rmsProp(
  build: GraphBuilder,
  parameters: NodesByName,
  gradients: NodesByName,
  { decay = 0.99, epsilon = 1e-8 }: RmsPropOptions = {},
): Record<string, Node> {
  requireDecay("rmsProp", "decay", decay);
  requirePositive("rmsProp", "epsilon", epsilon);
  const learningRate = build.input("rmsProp.learningRate", []);
  return stepEach(build, "rmsProp", parameters, gradients, ({ p, g, slot, update }) => {
    const v = build.emit("adamSecondMoment", [slot("v"), g], { decay, complement: 1 - decay });
    update("v", v);
    return build.emit("rmsPropParameter", [p, g, v, learningRate], { epsilon });
  });
}
