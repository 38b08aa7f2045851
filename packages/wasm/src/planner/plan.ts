import type { DType } from "@isthmus/graph";

/** What fills a buffer and how long it lasts. Offsets are bytes inside the region of its kind. */
export type BufferPlace =
  /** A tensor of the state. */
  | { readonly kind: "state"; readonly name: string }
  /** Written once, when the plan is made ready. */
  | { readonly kind: "constant"; readonly values: readonly number[] }
  /** int32 words that a kernel finds its arguments in, written whenever buffers have moved: numbers, and addresses of buffers. */
  | { readonly kind: "table"; readonly entries: readonly Argument[] }
  /** Lives inside a run. */
  | { readonly kind: "workspace" };

/** A stretch of memory whose address is not known yet. */
export interface Buffer {
  readonly id: number;
  readonly bytes: number;
  readonly dtype: DType;
  readonly place: BufferPlace;
}

export type Argument = number | Buffer;

/** The buffers among `args`, and those that tables among them lead to. */
export function buffersOf(args: readonly Argument[]): Buffer[] {
  const own = args.filter((arg) => typeof arg !== "number");
  return own.flatMap((buffer) => [buffer, ...(buffer.place.kind === "table" ? buffersOf(buffer.place.entries) : [])]);
}

/** Updates belong to the commit section, which runs only if the guard is finite. */
export type Section = "compute" | "commit";

/** A choice that every run makes by looking at its data: whether products leave out the zeros of an operand, and gradients what relu ends. */
export interface PlannedChoice {
  /** Name of the node whose value is looked at. */
  readonly operand: string;
  readonly buffer: Buffer;
  readonly elements: number;
  /** Zeros are left out when at most this part of the elements is not zero. */
  readonly sparseUpTo: number;
  /** Two words: how many elements are not zero, and whether they are that few. */
  readonly tally: Buffer;
  /** Where zeros are left out unseen of what they multiply, and so only while that is known to be finite. */
  readonly weights?: FiniteWeights;
}

/** A tensor of the state, and a word that says whether all of it is known to be finite: the host writes it before a run. */
interface FiniteWeights {
  readonly name: string;
  readonly finite: Buffer;
}

/** One kernel call over buffers. */
export interface PlannedCall {
  readonly section: Section;
  /** An export of `@isthmus/kernels`. */
  readonly kernel: string;
  readonly args: readonly Argument[];
  /** Names of the nodes whose values this call makes. */
  readonly nodes: readonly string[];
  readonly output: Buffer;
  /** Operands that the output may overwrite: same extent, read element by element before the element is written. */
  readonly overlay: readonly Buffer[];
  readonly flops: number;
  /** What decides how it is made, where that depends on the data: the first that finds few enough elements. */
  readonly choices: readonly PlannedChoice[];
}

/** Where the host writes an input before a run. */
export interface PlannedInput {
  readonly name: string;
  readonly buffer: Buffer;
}

/** Where the host finds a dense result after a run. */
export interface PlannedOutput {
  readonly name: string;
  readonly shape: readonly number[];
  readonly buffer: Buffer;
}

/** Everything about one program at one batch size, with buffers instead of addresses. */
export interface Plan {
  readonly batch: number;
  /** Compute calls, then commit calls. */
  readonly calls: readonly PlannedCall[];
  readonly inputs: readonly PlannedInput[];
  readonly outputs: readonly PlannedOutput[];
  readonly guard?: Buffer;
  readonly choices: readonly PlannedChoice[];
  /** Offset of each constant buffer in the constants' region, of each workspace buffer in the workspace. */
  readonly offsets: ReadonlyMap<Buffer, number>;
  readonly constantBytes: number;
  readonly workspaceBytes: number;
}
