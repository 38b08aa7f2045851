import { GraphBuilder } from "../builder.ts";
import { vjp } from "../differentiate.ts";
import { include } from "../include.ts";
import type { Node, Program } from "../ir.ts";
import { clipByGlobalNorm } from "./clip.ts";
import { describedOptimiser, type OptimiserDescription } from "./description.ts";
import type { NodesByName } from "./optimiser.ts";

export interface TrainingStepOptions {
  /** Default: Adam. */
  readonly optimiser?: OptimiserDescription;
  /** Gradients whose norm, of all of them together, is larger are scaled down to it. Default: they are not. */
  readonly maxGradientNorm?: number;
}

/**
 * The program of one step of training: a loss, its gradients, clipped where asked, and the optimiser's updates beside the
 * loss's own. Its outputs are the loss's, and `gradientNorm` (before clipping) where there is clipping; the updates
 * commit only if the loss, and that norm, is finite. It wants the optimiser's scalars as inputs beside the loss's.
 *
 * @param loss a program with the scalar output `loss`
 * @param parameters names of the state tensors that the step trains
 * @throws RangeError no output `loss` or no scalar, a parameter that the loss does not read, an option out of range
 */
export function trainingStep(loss: Program, parameters: readonly string[], options: TrainingStepOptions = {}): Program {
  const { updates } = describedOptimiser(options.optimiser ?? { kind: "adam" });
  const build = new GraphBuilder();
  const nodes = include(build, loss);
  const named = (ids: Readonly<Record<string, number>>) => mapped(Object.keys(ids), (name) => nodes[ids[name]!]!);
  const outputs = named(loss.outputs);
  const trained = trainedNodes(nodes, parameters);
  const raw = gradientsOf(build, outputs["loss"], trained);
  const clipped =
    options.maxGradientNorm === undefined ? undefined : clipByGlobalNorm(build, raw, options.maxGradientNorm);
  const scalar = outputs["loss"] as Node;
  return build.program({
    outputs: { ...outputs, ...(clipped && { gradientNorm: clipped.norm }) },
    guard: clipped ? build.add(scalar, clipped.norm) : scalar,
    updates: { ...named(loss.updates), ...updates(build, trained, clipped?.gradients ?? raw) },
  });
}

function trainedNodes(nodes: readonly Node[], parameters: readonly string[]): NodesByName {
  const read = new Map(nodes.filter(({ op }) => op === "state").map((node) => [node.attributes["name"], node]));
  return mapped(parameters, (name) => {
    const node = read.get(name);
    if (!node) throw new RangeError(`trainingStep: the loss does not read the parameter "${name}"`);
    return node;
  });
}

function gradientsOf(build: GraphBuilder, loss: Node | undefined, parameters: NodesByName): NodesByName {
  if (!loss) throw new RangeError(`trainingStep: "loss" expected a program with an output "loss"`);
  const names = Object.keys(parameters);
  const slopes = vjp(build, [loss], Object.values(parameters), [build.scalar(1)]);
  return mapped(names, (_, index) => slopes[index]!);
}

function mapped(names: readonly string[], value: (name: string, index: number) => Node): Record<string, Node> {
  return Object.fromEntries(names.map((name, index) => [name, value(name, index)]));
}
