import type { Program } from "@isthmus/graph";
import { nameOf, rewrite } from "./rewrite.ts";

const noises: ReadonlySet<string> = new Set(["randomNormal", "randomUniform"]);

/**
 * The program with its noise as inputs, named like the streams: standard normal numbers for `randomNormal`, uniform ones in
 * (0, 1) for `randomUniform`. Seed and step are gone.
 *
 * @throws RangeError a stream named like an input
 */
export function noiseInputs(program: Program): Program {
  return rewrite(program, (build, node) => {
    if (!noises.has(node.op)) return undefined;
    const stream = node.attributes["stream"] as string;
    if (program.nodes.some((other) => other.op === "input" && nameOf(other) === stream)) {
      throw new RangeError(`"program" expected noise and inputs of different names, got "${stream}" twice`);
    }
    return build.input(stream, node.shape);
  });
}
