import { type Node, type Program, sameShape } from "@isthmus/graph";
import { countUses } from "./uses.ts";

/** Three updates that one in-place kernel call makes: a parameter and its moments. */
export interface AdamUpdate {
  /** State names. */
  readonly parameter: string;
  readonly firstMoment: string;
  readonly secondMoment: string;
  readonly gradient: number;
  readonly stepSize: number;
  readonly secondScale: number;
  /** The nodes with the next values: of the first moment, the second, the parameter. */
  readonly nodes: readonly [Node, Node, Node];
}

/**
 * The `adamParameter` updates whose next moments nobody else needs, and whose parameter and moments are replaced by
 * exactly these. Only then may the kernel work in place.
 */
export function findAdamUpdates(program: Program): AdamUpdate[] {
  const uses = countUses(program);
  return Object.keys(program.updates).flatMap((parameter) => matchAdam(program, uses, parameter) ?? []);
}

export function adamNodes(updates: readonly AdamUpdate[]): ReadonlySet<number> {
  return new Set(updates.flatMap(({ nodes }) => nodes.map((node) => node.id)));
}

function matchAdam(program: Program, uses: readonly number[], parameter: string): AdamUpdate | undefined {
  const inputsOf = (node: Node) => node.inputs.map((id) => program.nodes[id]!);
  const next = program.nodes[program.updates[parameter]!]!;
  if (next.op !== "adamParameter" || uses[next.id] !== 1) return undefined;
  const [p, m, v, stepSize, secondScale] = inputsOf(next) as [Node, Node, Node, Node, Node];
  if (m.op !== "adamFirstMoment" || v.op !== "adamSecondMoment") return undefined;
  const [oldM, g] = inputsOf(m) as [Node, Node];
  const [oldV, g2] = inputsOf(v) as [Node, Node];
  const firstMoment = stateName(oldM);
  const secondMoment = stateName(oldV);
  if (stateName(p) !== parameter || firstMoment === undefined || secondMoment === undefined || g !== g2)
    return undefined;
  const replaced = program.updates[firstMoment] === m.id && program.updates[secondMoment] === v.id;
  // Twice: by its own update and by the parameter's.
  if (!replaced || uses[m.id] !== 2 || uses[v.id] !== 2) return undefined;
  if (![g, oldM, oldV].every((node) => sameShape(node.shape, p.shape))) return undefined;
  if (stepSize.shape.length + secondScale.shape.length > 0) return undefined;
  return {
    parameter,
    firstMoment,
    secondMoment,
    gradient: g.id,
    stepSize: stepSize.id,
    secondScale: secondScale.id,
    nodes: [m, v, next],
  };
}

function stateName(node: Node): string | undefined {
  return node.op === "state" ? (node.attributes["name"] as string) : undefined;
}
