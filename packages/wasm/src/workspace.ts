import type { Heap, Region } from "./heap.ts";

/** The memory of values that live inside a run, shared by all programs of an engine. It grows and may move then. */
export class Workspace {
  private readonly heap: Heap;
  private region: Region | undefined;

  constructor(heap: Heap) {
    this.heap = heap;
  }

  /**
   * A region of at least `bytes`: the same object as long as it has not moved.
   *
   * @throws IsthmusError `ENGINE_MEMORY`
   */
  require(bytes: number): Region {
    if (this.region && this.region.bytes >= bytes) return this.region;
    const old = this.region;
    if (old) this.heap.release(old);
    this.region = undefined;
    this.region = this.heap.allocate(bytes, "the workspace");
    return this.region;
  }
}
