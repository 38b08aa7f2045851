import { type EngineState, elementCount, requireStateTensor, requireStateValues, type StateSpec } from "@isthmus/graph";
import { disposed } from "./disposed.ts";
import type { Heap, Region } from "./heap.ts";
import { align } from "./planner/arena.ts";

/** State tensors side by side in one region of the heap. They do not move. */
export class WasmState implements EngineState {
  readonly spec: StateSpec;
  readonly heap: Heap;
  private region: Region | undefined;
  private readonly starts: ReadonlyMap<string, number>;
  /** Tensors that a program has replaced since the host wrote them, or that the host wrote with an infinity or NaN in them. */
  private readonly unknown = new Set<string>();

  constructor(heap: Heap, spec: StateSpec) {
    const starts = new Map<string, number>();
    let end = 0;
    for (const [name, { shape }] of Object.entries(spec)) {
      starts.set(name, end);
      end += align(elementCount(shape) * 4);
    }
    this.spec = spec;
    this.heap = heap;
    this.starts = starts;
    this.region = heap.allocate(end, "the state");
    heap.windows.u8.fill(0, this.region.offset, this.region.offset + end);
  }

  /** Address of tensor `name`. */
  addressOf(name: string): number {
    return this.requireRegion().offset + this.starts.get(name)!;
  }

  /** @throws IsthmusError `ENGINE_DISPOSED` when the state, or its engine, is no more */
  requireRegion(): Region {
    this.heap.requireMemory();
    if (!this.region) throw disposed("state");
    return this.region;
  }

  async write(name: string, values: Float32Array): Promise<void> {
    requireStateValues(this.spec, name, values);
    this.heap.windows.f32.set(values, this.addressOf(name) / 4);
    if (values.every(Number.isFinite)) this.unknown.delete(name);
    else this.unknown.add(name);
  }

  /** Whether all of tensor `name` is known to be finite; it need not be known even if it is. */
  isFinite(name: string): boolean {
    return !this.unknown.has(name);
  }

  /** Says that a program has replaced these tensors. */
  replaced(names: Iterable<string>): void {
    for (const name of names) this.unknown.add(name);
  }

  async read(name: string): Promise<Float32Array> {
    const { shape } = requireStateTensor(this.spec, name);
    const start = this.addressOf(name) / 4;
    return this.heap.windows.f32.slice(start, start + elementCount(shape));
  }

  dispose(): void {
    if (this.region) this.heap.release(this.region);
    this.region = undefined;
  }
}
