import type { Node, Program } from "@isthmus/graph";
import { countUses } from "./uses.ts";

/** Updates that a kernel makes in place: a parameter and its slots. */
export interface FusedUpdate {
  readonly kernel: string;
  /** State names: the parameter, then its slots. */
  readonly states: readonly string[];
  readonly gradient: number;
  /** The nodes of what a schedule feeds. */
  readonly scalars: readonly number[];
  readonly coefficients: readonly number[];
  /** The nodes with the next values: of the slots, then of the parameter. */
  readonly nodes: readonly Node[];
  readonly flopsPerElement: number;
}

/** What of an update its operation's matcher says; the rest is common. */
interface Match extends Pick<FusedUpdate, "kernel" | "scalars" | "coefficients" | "flopsPerElement"> {
  /** Nodes with the next values of the slots, in the kernel's order. */
  readonly slots: readonly Node[];
  readonly gradient: Node;
}

type InputsOf = (node: Node) => readonly Node[];
type Matcher = (next: Node, inputsOf: InputsOf) => Match | undefined;

const number = (node: Node, key: string): number => node.attributes[key] as number;

/** What the moments `m` and `v` were made of, if they are Adam's. */
function momentsOf(m: Node, v: Node, inputsOf: InputsOf): { readonly gradient: Node } | undefined {
  if (m.op !== "adamFirstMoment" || v.op !== "adamSecondMoment") return undefined;
  const [gradient, other] = [inputsOf(m)[1]!, inputsOf(v)[1]!];
  return gradient === other ? { gradient } : undefined;
}

function adamNumbers(next: Node, m: Node, v: Node): readonly number[] {
  const decays = [number(m, "decay"), number(v, "decay"), number(next, "epsilon")];
  return [...decays, number(m, "complement"), number(v, "complement")];
}

/** The operation that makes a parameter's next value -> the kernel that makes it together with its slots'. */
const matchers: Readonly<Record<string, Matcher>> = {
  adamParameter: (next, inputsOf) => {
    const [, m, v, ...scalars] = inputsOf(next) as [Node, Node, Node, Node, Node];
    const found = momentsOf(m, v, inputsOf);
    const coefficients = adamNumbers(next, m, v);
    const shared = { slots: [m, v], scalars: ids(scalars), coefficients, flopsPerElement: 13 };
    return found && { kernel: "adam", ...found, ...shared };
  },
  adamWParameter: (next, inputsOf) => {
    const [, m, v, ...scalars] = inputsOf(next) as [Node, Node, Node, Node, Node, Node];
    const found = momentsOf(m, v, inputsOf);
    const coefficients = adamNumbers(next, m, v);
    const shared = { slots: [m, v], scalars: ids(scalars), coefficients, flopsPerElement: 14 };
    return found && { kernel: "adamW", ...found, ...shared };
  },
  sgdParameter: (next, inputsOf) => {
    const [, direction, rate] = inputsOf(next) as [Node, Node, Node];
    const scalars = [rate.id];
    if (direction.op !== "sgdVelocity") {
      return { kernel: "sgd", gradient: direction, slots: [], scalars, coefficients: [], flopsPerElement: 2 };
    }
    const gradient = inputsOf(direction)[1]!;
    const coefficients = [number(direction, "momentum")];
    return { kernel: "sgdMomentum", gradient, slots: [direction], scalars, coefficients, flopsPerElement: 4 };
  },
  nesterovParameter: (next, inputsOf) => {
    const [, gradient, v, rate] = inputsOf(next) as [Node, Node, Node, Node];
    const momentum = number(next, "momentum");
    if (v.op !== "sgdVelocity" || inputsOf(v)[1] !== gradient || number(v, "momentum") !== momentum) return undefined;
    return {
      ...{ kernel: "sgdNesterov", gradient, slots: [v], scalars: [rate.id] },
      ...{ coefficients: [momentum], flopsPerElement: 6 },
    };
  },
  rmsPropParameter: (next, inputsOf) => {
    const [, gradient, v, rate] = inputsOf(next) as [Node, Node, Node, Node];
    if (v.op !== "adamSecondMoment" || inputsOf(v)[1] !== gradient) return undefined;
    const coefficients = [number(v, "decay"), number(v, "complement"), number(next, "epsilon")];
    return { kernel: "rmsProp", gradient, slots: [v], scalars: [rate.id], coefficients, flopsPerElement: 8 };
  },
};

const ids = (nodes: readonly Node[]): number[] => nodes.map((node) => node.id);

/**
 * The updates of optimisers whose next slots nobody else needs, and whose parameter and slots are replaced by exactly
 * these. Only then may the kernel work in place.
 */
export function findFusedUpdates(program: Program): FusedUpdate[] {
  const uses = countUses(program);
  return Object.keys(program.updates).flatMap((parameter) => matchUpdate(program, uses, parameter) ?? []);
}

/** The same for updates that one call can make. */
export function sameCall({ kernel, scalars, coefficients }: FusedUpdate): string {
  return JSON.stringify([kernel, scalars, coefficients]);
}

/** Ids of the nodes whose values fused updates make. */
export function fusedNodes(updates: readonly FusedUpdate[]): ReadonlySet<number> {
  return new Set(updates.flatMap(({ nodes }) => ids(nodes)));
}

function matchUpdate(program: Program, uses: readonly number[], parameter: string): FusedUpdate | undefined {
  const inputsOf: InputsOf = (node) => node.inputs.map((id) => program.nodes[id]!);
  const next = program.nodes[program.updates[parameter]!]!;
  const match = Object.hasOwn(matchers, next.op) ? matchers[next.op]!(next, inputsOf) : undefined;
  if (!match || uses[next.id] !== 1 || stateName(inputsOf(next)[0]!) !== parameter) return undefined;
  const { slots, gradient, ...rest } = match;
  const names = slots.map((slot) => stateName(inputsOf(slot)[0]!));
  const replaced = slots.every((slot, i) => names[i] !== undefined && program.updates[names[i]] === slot.id);
  // Twice: by its own update and by the parameter's.
  if (!replaced || slots.some((slot) => uses[slot.id] !== 2)) return undefined;
  return { ...rest, states: [parameter, ...(names as string[])], gradient: gradient.id, nodes: [...slots, next] };
}

function stateName(node: Node): string | undefined {
  return node.op === "state" ? (node.attributes["name"] as string) : undefined;
}
