import type { Program } from "@isthmus/graph";
import { nameOf, rewrite } from "./rewrite.ts";

/** What the operations that draw noise draw. */
const noises: Readonly<Record<string, Noise | undefined>> = { randomNormal: "normal", randomUniform: "uniform" };

/** Standard normal numbers, or uniform ones in (0, 1). */
export type Noise = "normal" | "uniform";

/** The noise of a program, by the names of its streams. */
export function noisesOf({ nodes }: Program): Readonly<Record<string, Noise>> {
  const drawn = nodes.flatMap(({ op, attributes }) => {
    const noise = noises[op];
    return noise ? [[attributes["stream"] as string, noise] as const] : [];
  });
  return Object.fromEntries(drawn);
}

/**
 * The program with its noise as inputs, named like the streams: standard normal numbers for `randomNormal`, uniform ones in
 * (0, 1) for `randomUniform`. Seed and step are gone.
 *
 * @throws RangeError a stream named like an input
 */
export function noiseInputs(program: Program): Program {
  return rewrite(program, (build, node) => {
    if (!noises[node.op]) return undefined;
    const stream = node.attributes["stream"] as string;
    if (program.nodes.some((other) => other.op === "input" && nameOf(other) === stream)) {
      throw new RangeError(`"program" expected noise and inputs of different names, got "${stream}" twice`);
    }
    return build.input(stream, node.shape);
  });
}
