import { concreteShape, type DType, type Node } from "@isthmus/graph";
import type { KernelExports } from "@isthmus/kernels";
import type { MakerOfZeros } from "./find-countable.ts";
import type { Argument, Buffer, BufferPlace, PlannedCall, PlannedChoice, Section } from "./plan.ts";
import { labelOf, unsupported } from "./unsupported.ts";
import { collapse, denseView, isDense, sizeOf, type View } from "./view.ts";

/** A value whose zeros are worth counting: its name, and what makes them. See `findCountable`. */
export interface Countable {
  readonly name: string;
  readonly madeBy: MakerOfZeros;
}

/** A value in the making: how it lies, and its dense copy once somebody needed one. */
export interface Operand {
  readonly view: View;
  /** Where zeros are worth counting. */
  readonly countable?: Countable;
  dense?: View;
}

/** How much memory the kernels want beside their operands, in bytes. */
export type Scratch = Pick<
  KernelExports,
  | "gemmScratch"
  | "sparseGemmScratch"
  | "gatedGemmScratch"
  | "conv2dScratch"
  | "conv2dInputGradScratch"
  | "conv2dFilterGradScratch"
>;

/** Writes the calls for one node and says where its value is. */
export type Lowering = (plan: PlanBuilder, node: Node, operands: readonly Operand[]) => View;

/**
 * Writes one call for a cross-entropy and its gradient, by logits, targets and what scales the gradient, and says where both are; undefined where there is
 * none for both.
 */
export type LossLowering = (
  plan: PlanBuilder,
  nodes: readonly [loss: Node, gradient: Node],
  operands: readonly Operand[],
) => readonly [loss: View, gradient: View] | undefined;

export interface Effects {
  readonly output: Buffer;
  readonly overlay?: readonly Buffer[];
  readonly flops?: number;
  readonly choices?: readonly PlannedChoice[];
}

/** A product leaves out zeros when at most this part of an operand, or of the result of relu that it goes back through, is not zero; that of what relu made has many columns, with which it pays longer (`kernels/bench/gemm.ts`). */
const SPARSE_UP_TO = { data: 0.5, relu: 0.6 };

const bytesPerElement = { f32: 4, i32: 4, u8: 1 } as const;

/** Collects the buffers and calls of one plan while nodes are lowered one after the other. */
export class PlanBuilder {
  readonly batch: number;
  readonly scratch: Scratch;
  readonly calls: PlannedCall[] = [];
  readonly buffers: Buffer[] = [];
  readonly choices: PlannedChoice[] = [];
  section: Section = "compute";
  private readonly states = new Map<string, Buffer>();
  private current: readonly Node[] = [];

  constructor(batch: number, scratch: Scratch) {
    this.batch = batch;
    this.scratch = scratch;
  }

  /** Calls made by `body` are put down to `nodes`. */
  lowering<R>(nodes: readonly Node[], body: () => R): R {
    this.current = nodes;
    return body();
  }

  private buffer(bytes: number, place: BufferPlace, dtype: DType = "f32"): Buffer {
    const made = { id: this.buffers.length, bytes, dtype, place };
    this.buffers.push(made);
    return made;
  }

  workspace(bytes: number, dtype: DType = "f32"): Buffer {
    return this.buffer(bytes, { kind: "workspace" }, dtype);
  }

  constant(values: readonly number[]): Buffer {
    return this.buffer(values.length * 4, { kind: "constant", values });
  }

  /** Arguments that a kernel reads from memory, as int32. */
  table(entries: readonly Argument[]): Buffer {
    return this.buffer(entries.length * 4, { kind: "table", entries }, "i32");
  }

  /** The state tensor `name`, one buffer however often it is asked for. */
  state(name: string, shape: readonly number[]): Buffer {
    const known = this.states.get(name) ?? this.buffer(sizeOf(shape) * 4, { kind: "state", name });
    this.states.set(name, known);
    return known;
  }

  shapeOf(node: Node): number[] {
    return concreteShape(node.shape, this.batch);
  }

  /** Room for the value of `node`. */
  result(node: Node): View {
    const shape = this.shapeOf(node);
    return denseView(this.workspace(sizeOf(shape) * bytesPerElement[node.dtype], node.dtype), shape);
  }

  call(kernel: string, args: readonly Argument[], { output, overlay = [], flops = 0, choices = [] }: Effects): void {
    const nodes = this.current.map(labelOf);
    this.calls.push({ section: this.section, kernel, args, nodes, output, overlay, flops, choices });
  }

  /**
   * Has the elements of the dense float32 `buffer` counted, once, and says where.
   *
   * @param weights the state tensor that must be finite for zeros to be left out
   */
  choice({ name, madeBy }: Countable, buffer: Buffer, weights?: string): PlannedChoice {
    const known = this.choices.find((choice) => choice.buffer === buffer && choice.weights?.name === weights);
    if (known) return known;
    const elements = buffer.bytes / 4;
    const sparseUpTo = SPARSE_UP_TO[madeBy];
    const counted = { operand: name, buffer, elements, sparseUpTo, tally: this.workspace(8, "i32") };
    const finite = weights !== undefined && { weights: { name: weights, finite: this.workspace(4, "i32") } };
    const choice: PlannedChoice = { ...counted, ...finite };
    const args = [buffer, elements, Math.floor(sparseUpTo * elements), choice.tally];
    this.call("countNonZero", args, { output: choice.tally, flops: elements });
    this.choices.push(choice);
    return choice;
  }

  /** The operand without gaps or repeats, copied at most once. */
  dense(operand: Operand): View {
    if (isDense(operand.view)) return operand.view;
    operand.dense ??= this.copyStrided(operand.view);
    return operand.dense;
  }

  private copyStrided(view: View): View {
    const { dims, strides } = collapse([view]);
    if (dims.length > 4)
      throw unsupported(
        this.current.at(-1)!,
        `its operand of shape [${view.shape.join(", ")}] needs ${dims.length} nested loops, and 4 is the limit`,
      );
    const copy = denseView(this.workspace(sizeOf(view.shape) * 4, view.buffer.dtype), view.shape);
    const sizes = [1, 1, 1, 1, ...dims].slice(-4);
    const steps = [0, 0, 0, 0, ...strides[0]!].slice(-4);
    this.call("copyStrided", [view.buffer, copy.buffer, ...sizes, ...steps], { output: copy.buffer });
    return copy;
  }
}
