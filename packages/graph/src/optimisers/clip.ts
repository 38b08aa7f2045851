import type { GraphBuilder } from "../builder.ts";
import type { Node } from "../ir.ts";
import { type NodesByName, requirePositive } from "./optimiser.ts";

export interface ClippedGradients {
  readonly gradients: Record<string, Node>;
  /** Of all gradients together, before clipping: a scalar. Not finite when a gradient is not. */
  readonly norm: Node;
}

/**
 * Scales all gradients by min(1, c / ||g||), where ||g|| is the Euclidean norm of them all together (Pascanu, Mikolov,
 * Bengio 2013, algorithm 1). The norm neither overflows nor underflows as long as it is itself a float32 number.
 * A norm that is not finite makes every gradient NaN: put it into the guard.
 *
 * @param gradients name -> gradient, at least one
 * @param maxNorm c, positive
 * @throws RangeError no gradients, or `maxNorm` out of range
 */
export function clipByGlobalNorm(build: GraphBuilder, gradients: NodesByName, maxNorm: number): ClippedGradients {
  requirePositive("clipByGlobalNorm", "maxNorm", maxNorm);
  const norms = Object.values(gradients).map((g) => build.euclideanNorm(g));
  if (norms.length === 0) throw new RangeError(`clipByGlobalNorm: "gradients" expected at least one, got none`);
  const norm = build.euclideanNorm(
    build.concat(
      norms.map((one) => build.reshape(one, [1])),
      0,
    ),
  );
  const scale = build.minimum(build.scalar(1), build.div(build.scalar(maxNorm), norm));
  const clipped = Object.entries(gradients).map(([name, g]) => [name, build.mul(g, scale)] as const);
  return { gradients: Object.fromEntries(clipped), norm };
}
