import type { HostArray } from "@isthmus/graph";
import type { CallList } from "./call-list.ts";
import { type Heap, memoryError, type Region } from "./heap.ts";
import { align } from "./planner/arena.ts";
import type { Buffer, Plan } from "./planner/plan.ts";
import type { Runtime } from "./runtime.ts";
import type { Choice } from "./run-result.ts";
import type { WasmState } from "./wasm-state.ts";
import type { Workspace } from "./workspace.ts";

/** One plan made ready: its constants written, its calls bound to addresses whenever the workspace has moved. */
export class Specialisation {
  readonly plan: Plan;
  private readonly heap: Heap;
  private readonly workspace: Workspace;
  /** The plan's constants, then the memory of its call lists. */
  private readonly constants: Region;
  private readonly state: WasmState;
  private readonly compute: CallList;
  private readonly commit: CallList;
  private boundTo: Region | undefined;

  /** @throws IsthmusError `ENGINE_MEMORY` */
  constructor(plan: Plan, state: WasmState, runtime: Runtime) {
    this.plan = plan;
    this.heap = runtime.heap;
    this.state = state;
    this.workspace = runtime.workspace;
    this.compute = runtime.callList(plan, "compute");
    this.commit = runtime.callList(plan, "commit");
    const bytes = align(plan.constantBytes) + this.compute.bytes + this.commit.bytes;
    this.constants = this.heap.allocate(bytes, "the constants");
    this.writeConstants();
  }

  private writeConstants(): void {
    for (const [buffer, offset] of this.plan.offsets) {
      if (buffer.place.kind !== "constant") continue;
      this.heap.windows.f32.set(buffer.place.values, (this.constants.offset + offset) / 4);
    }
  }

  /** Runs once and says whether the updates were made. */
  run(inputs: Readonly<Record<string, HostArray>>): boolean {
    this.bind();
    this.compute.announce();
    for (const { name, buffer } of this.plan.inputs) this.write(buffer, inputs[name]!);
    this.writeFinite();
    this.compute.run();
    const committed = this.guardIsFinite();
    if (committed) this.commit.run();
    return committed;
  }

  private writeFinite(): void {
    for (const { weights } of this.plan.choices) {
      if (weights)
        this.heap.windows.i32[this.addressOf(weights.finite) / 4] = Number(this.state.isFinite(weights.name));
    }
  }

  private write(buffer: Buffer, values: HostArray): void {
    const { f32, i32, u8 } = this.heap.windows;
    const address = this.addressOf(buffer);
    if (buffer.dtype === "f32") f32.set(values, address / 4);
    else if (buffer.dtype === "i32") i32.set(values, address / 4);
    else u8.set(values, address);
  }

  private guardIsFinite(): boolean {
    const { guard } = this.plan;
    return !guard || Number.isFinite(this.heap.windows.f32[this.addressOf(guard) / 4]);
  }

  private bind(): void {
    const region = this.workspace.require(this.plan.workspaceBytes);
    if (region === this.boundTo) return;
    this.boundTo = region;
    const addressOf = (buffer: Buffer) => this.addressOf(buffer);
    const lists = this.constants.offset + align(this.plan.constantBytes);
    this.compute.bind(addressOf, lists);
    this.commit.bind(addressOf, lists + this.compute.bytes);
    this.writeTables();
  }

  private writeTables(): void {
    for (const buffer of this.plan.offsets.keys()) {
      if (buffer.place.kind !== "table") continue;
      const words = buffer.place.entries.map((entry) => (typeof entry === "number" ? entry : this.addressOf(entry)));
      this.heap.windows.i32.set(words, this.addressOf(buffer) / 4);
    }
  }

  private addressOf(buffer: Buffer): number {
    if (buffer.place.kind === "state") return this.state.addressOf(buffer.place.name);
    const region = buffer.place.kind === "workspace" ? this.boundTo! : this.constants;
    return region.offset + this.plan.offsets.get(buffer)!;
  }

  /** A copy of `length` values of `buffer`. */
  read(buffer: Buffer, length: number): Float32Array {
    const start = this.addressOf(buffer) / 4;
    return this.heap.windows.f32.slice(start, start + length);
  }

  /** What the last run chose. */
  choices(): Choice[] {
    return this.plan.choices.map(({ operand, elements, tally, weights }) => {
      const [count, few] = this.heap.windows.i32.subarray(this.addressOf(tally) / 4) as unknown as [number, number];
      const finite = !weights || this.word(weights.finite) === 1;
      return { operand, density: count / elements, path: few === 1 && finite ? "sparse" : "dense" };
    });
  }

  private word(buffer: Buffer): number {
    return this.heap.windows.i32[this.addressOf(buffer) / 4]!;
  }

  dispose(): void {
    this.heap.release(this.constants);
  }
}

/** @throws IsthmusError `ENGINE_MEMORY` when a plan cannot fit, whatever else there is. */
export function requireFits(plan: Plan, heap: Heap): void {
  const bytes = plan.workspaceBytes + plan.constantBytes;
  if (bytes > heap.maxBytes) throw memoryError(`the program at batch ${plan.batch}`, bytes, heap);
}
