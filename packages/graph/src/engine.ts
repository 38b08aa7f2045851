import type { Program, StateSpec } from "./ir.ts";

export type HostArray = Float32Array | Int32Array | Uint8Array;

/**
 * Executes programs. An engine is a value: several may live side by side. What was disposed of, or made by an engine
 * that was, throws `IsthmusError` `ENGINE_DISPOSED` when it is used.
 */
export interface Engine {
  /** `wasm`, `reference`, ... */
  readonly name: string;
  /** Which build does the work, as far as it decides the bits of results: `simd128`, `relaxed`, `float64`. */
  readonly build: string;
  /** Makes state tensors, all zero. */
  createState(spec: StateSpec): EngineState;
  /**
   * Prepares `program` to run, at any batch size, against `state`, which must hold every tensor the program names.
   *
   * @throws TypeError a state of another engine; RangeError a state that lacks a tensor or has it in another shape
   */
  compile(program: Program, state: EngineState): Promise<Executable>;
  /** Frees everything the engine made. */
  dispose(): void;
}

/** Tensors that outlive runs and are shared by programs: parameters, optimiser slots. */
export interface EngineState {
  readonly spec: StateSpec;
  /** Replaces the values of tensor `name`, row-major. */
  write(name: string, values: Float32Array): Promise<void>;
  /** A copy of the values of tensor `name`. */
  read(name: string): Promise<Float32Array>;
  dispose(): void;
}

export interface Executable {
  /**
   * Runs once. The batch size follows from the lengths of the inputs.
   *
   * @throws TypeError a missing, unknown or wrongly typed input
   * @throws RangeError a length that does not fit the shape, inputs that disagree about the batch, or a bad `batch`
   * @throws the signal's reason when it is aborted; nothing is committed then
   */
  run(inputs: Readonly<Record<string, HostArray>>, options?: RunOptions): Promise<RunResult>;
  dispose(): void;
}

export interface RunOptions {
  readonly signal?: AbortSignal;
  /** The batch size, needed only when no input has a batch axis (default: 1); otherwise it must agree. */
  readonly batch?: number;
}

export interface RunResult {
  /** Whether the updates were made: the guard was finite, or there is none. */
  readonly committed: boolean;
  readonly outputs: Readonly<Record<string, Handle>>;
}

/** A result that may still be on the engine. Valid until the next run on the same engine. */
export interface Handle {
  readonly shape: readonly number[];
  /** A copy of the values, row-major. Throws `IsthmusError` `ENGINE_STALE_HANDLE` after a later run. */
  read(): Promise<Float32Array>;
}
