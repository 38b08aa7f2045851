import type { Node, Program } from "@isthmus/graph";
import { SEGMENT_WORDS } from "@isthmus/kernels";
import { packInARow, packTenancies } from "./arena.ts";
import { type DenseLayer, findDenseLayers } from "./dense-layers.ts";
import { findCountable, type MakerOfZeros } from "./find-countable.ts";
import { findFusedUpdates, type FusedUpdate, fusedNodes, sameCall } from "./fused-updates.ts";
import { findTenancies } from "./lifetimes.ts";
import { layerLowerings, lossLowerings, lowerings } from "./lowerings.ts";
import { findLossGradients, type LossGradients } from "./loss-gradients.ts";
import { findOuterGradients, type OuterGradient } from "./outer-gradients.ts";
import { type LossLowering, type Operand, PlanBuilder, type Scratch } from "./plan-builder.ts";
import type { Buffer, Plan, PlannedInput, PlannedOutput } from "./plan.ts";
import { labelOf, unsupported } from "./unsupported.ts";
import { sizeOf, type View } from "./view.ts";

/** What is known of a program before its batch size: its normal form and what fuses in it. */
export interface Prepared {
  readonly program: Program;
  readonly fused: readonly FusedUpdate[];
  readonly layers: ReadonlyMap<number, DenseLayer>;
  readonly losses: LossGradients;
  /** Nodes whose values are worth counting for zeros. */
  readonly countable: ReadonlyMap<number, MakerOfZeros>;
  /** Nodes that have no calls of their own because a fused call makes their value. */
  readonly absorbed: ReadonlySet<number>;
}

/** @param program in normal form */
export function prepare(program: Program): Prepared {
  const fused = findFusedUpdates(program);
  const { layers, inside } = findDenseLayers(program);
  const absorbed = new Set([...inside, ...fusedNodes(fused)]);
  return { program, fused, layers, losses: findLossGradients(program), countable: findCountable(program), absorbed };
}

/** For how many calls more each array keeps its place if threads share the calls: those that need nothing of one another then run at the same time. */
const LINGERING = 4;

/**
 * A program at one batch size as a flat list of kernel calls with planned memory.
 *
 * @throws IsthmusError `ENGINE_OPERATION` when an operand's layout is beyond the kernels.
 */
export function makePlan(prepared: Prepared, batch: number, scratch: Scratch, threads: number): Plan {
  const plan = new PlanBuilder(batch, scratch);
  const outer = findOuterGradients(prepared.program, prepared.fused, batch);
  const operands = lowerNodes(prepared, plan, outer);
  const outputs = planOutputs(prepared.program, plan, operands);
  lowerUpdates(prepared, plan, operands, outer);
  const inputs = plannedInputs(prepared.program, operands);
  const guard = prepared.program.guard === undefined ? undefined : operands[prepared.program.guard]!.view.buffer;
  const flags = plan.choices.flatMap(({ weights }) => (weights ? [weights.finite] : []));
  const read = [
    ...outputs.map(({ buffer }) => buffer),
    ...(guard ? [guard] : []),
    ...plan.choices.map(({ tally }) => tally),
    ...flags,
  ];
  const written = [...inputs.map(({ buffer }) => buffer), ...flags];
  const tenancies = findTenancies(plan.calls, written, read, threads > 1 ? LINGERING : 0);
  const offsets = new Map<Buffer, number>();
  const constants = plan.buffers.filter(({ place }) => place.kind === "constant" || place.kind === "table");
  const constantBytes = packInARow(constants, offsets);
  const workspaceBytes = packTenancies(tenancies, offsets);
  const { calls, choices } = plan;
  return { batch, calls, inputs, outputs, choices, offsets, constantBytes, workspaceBytes, ...(guard && { guard }) };
}

type OuterGradients = ReadonlyMap<number, OuterGradient>;

/** The value of every node that has one of its own, by id. */
function lowerNodes(
  { layers, losses, countable, absorbed }: Prepared,
  plan: PlanBuilder,
  outer: OuterGradients,
): Operand[] {
  const operands: Operand[] = [];
  const at = (id: number) => operands[id]!;
  const keep = (node: Node, view: View) => {
    const madeBy = countable.get(node.id);
    operands[node.id] = madeBy ? { view, countable: { name: labelOf(node), madeBy } } : { view };
  };
  for (const node of losses.order.filter(({ id }) => !absorbed.has(id) && !outer.has(id))) {
    if (operands[node.id]) continue;
    const gradient = losses.gradients.get(node.id);
    const both = gradient && lowerLoss(plan, [node, gradient], gradient.inputs.map(at));
    if (both) {
      keep(node, both[0]);
      keep(gradient, both[1]);
      continue;
    }
    const layer = layers.get(node.id);
    const view = plan.lowering(layer?.nodes ?? [node], () => {
      if (!layer) return lowerNode(plan, node, node.inputs.map(at));
      const [a, b] = layer.product.inputs.map(at) as [Operand, Operand];
      const beside = layer.bias ?? layer.gate?.y;
      return layerLowerings[layer.product.op]!(plan, layer, a, b, beside && at(beside.id));
    });
    keep(node, view);
  }
  return operands;
}

const lowerLoss: LossLowering = (plan, nodes, operands) =>
  plan.lowering(nodes, () => lossLowerings[nodes[0].op]!(plan, nodes, operands));

function lowerNode(plan: PlanBuilder, node: Node, operands: readonly Operand[]) {
  const lowering = lowerings[node.op];
  if (!lowering) throw unsupported(node, `there is no kernel for "${node.op}"`);
  return lowering(plan, node, operands);
}

function plannedInputs(program: Program, operands: readonly Operand[]): PlannedInput[] {
  return Object.entries(program.inputs).map(([name, id]) => ({ name, buffer: operands[id]!.view.buffer }));
}

/** Results are dense and none is a piece of the state, which may change before they are read. */
function planOutputs(program: Program, plan: PlanBuilder, operands: readonly Operand[]): PlannedOutput[] {
  return Object.entries(program.outputs).map(([name, id]) =>
    plan.lowering([program.nodes[id]!], () => {
      const { buffer, shape } = plan.dense(operands[id]!);
      return { name, shape, buffer: buffer.place.kind === "state" ? copyAside(plan, buffer) : buffer };
    }),
  );
}

function copyAside(plan: PlanBuilder, source: Buffer): Buffer {
  const copy = plan.workspace(source.bytes);
  plan.call("copy", [source, copy, source.bytes], { output: copy });
  return copy;
}

/**
 * The commit section: optimisers' calls in place, copies for all other updates. What it reads of tensors that it also
 * replaces is copied aside before, so that every update sees the state as it was.
 */
function lowerUpdates(
  { program, fused }: Prepared,
  plan: PlanBuilder,
  operands: readonly Operand[],
  outer: OuterGradients,
): void {
  const asItWas = (id: number): Buffer => {
    const { buffer } = plan.lowering([program.nodes[id]!], () => plan.dense(operands[id]!));
    const replaced = buffer.place.kind === "state" && buffer.place.name in program.updates;
    return replaced ? copyAside(plan, buffer) : buffer;
  };
  const inPlace = new Set(fused.flatMap(({ states }) => states));
  const copies = Object.entries(program.updates).filter(([name]) => !inPlace.has(name));
  const commits = [
    ...groupBy(fused, sameCall).map((updates) => prepareFused(plan, updates, asItWas, outer)),
    ...copies.map(([name, id]) => prepareCopy(program, plan, name, id, asItWas(id))),
  ];
  plan.section = "commit";
  for (const commit of commits) commit();
}

/** A segment for each parameter: its elements, gradient, states, and what makes the gradient; then what the kernel's docstring says. */
function prepareFused(
  plan: PlanBuilder,
  updates: readonly FusedUpdate[],
  asItWas: (id: number) => Buffer,
  outer: OuterGradients,
): () => void {
  const { kernel, scalars, coefficients, flopsPerElement } = updates[0]!;
  const segments = updates.map(({ states, nodes, gradient }) => {
    const shape = plan.shapeOf(nodes.at(-1)!);
    const tensors = states.map((name) => plan.state(name, shape));
    const product = outer.get(gradient);
    const made = product ? [asItWas(product.column), product.length] : [0, 0];
    return { n: sizeOf(shape), gradient: asItWas(product?.row ?? gradient), tensors, product, made };
  });
  const entries = segments.flatMap(({ n, gradient, tensors, made }) => [
    ...[n, gradient, ...tensors, 0, 0].slice(0, SEGMENT_WORDS - 2),
    ...made,
  ]);
  const schedule = scalars.map(asItWas);
  const numbers = coefficients.length > 0 ? plan.constant(coefficients) : 0;
  const args = [plan.table(entries), segments.length, numbers, 0, ...schedule];
  const flops = segments.reduce((sum, { n, product }) => sum + (flopsPerElement + (product ? 2 : 0)) * n, 0);
  const effects = { output: segments[0]!.tensors[0]!, flops };
  const nodes = updates.flatMap((update) => update.nodes);
  return () => plan.lowering(nodes, () => plan.call(kernel, args, effects));
}

function prepareCopy(program: Program, plan: PlanBuilder, name: string, id: number, source: Buffer): () => void {
  const node = program.nodes[id]!;
  const target = plan.state(name, program.state[name]!.shape);
  return () => plan.lowering([node], () => plan.call("copy", [source, target, target.bytes], { output: target }));
}

/** Groups by key, each in the order of its first member. */
function groupBy<T>(items: readonly T[], key: (item: T) => string): T[][] {
  const groups = new Map<string, T[]>();
  for (const item of items) groups.set(key(item), [...(groups.get(key(item)) ?? []), item]);
  return [...groups.values()];
}
