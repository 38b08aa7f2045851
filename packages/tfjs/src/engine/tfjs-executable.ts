import {
  concreteShape,
  type Executable,
  type Handle,
  type HostArray,
  type Node,
  operationNamed,
  type Program,
  requireStateTensor,
  resolveBatch,
  type RunOptions,
  type RunResult,
  sameShape,
} from "@isthmus/graph";
import { IsthmusError, ndArray, type NdArray, randomNormal, randomUniform } from "@isthmus/math";
import type { Device, Value } from "./device.ts";
import { type KernelOps, kernelOps } from "./kernel-ops.ts";
import { Life } from "./life.ts";
import { loweringOf } from "./operations.ts";
import { isOnHost, type Plan, planOf } from "./plan.ts";
import type { Runtime } from "./runtime.ts";
import { sizeOf } from "./sizes.ts";
import type { TfjsState } from "./tfjs-state.ts";

/** A program walked node by node, each made of a backend's kernels. */
export class TfjsExecutable implements Executable {
  private readonly program: Program;
  private readonly plan: Plan;
  private readonly state: TfjsState;
  private readonly runtime: Runtime;
  private readonly device: Device;
  private readonly life = new Life("executable");
  /** Numbers and constants on the backend. */
  private readonly constants = new Map<number | string, Value>();
  private readonly ops: KernelOps;

  /** @throws IsthmusError `ENGINE_OPERATION`; RangeError a state that lacks a tensor */
  constructor(program: Program, state: TfjsState) {
    for (const [name, { shape }] of Object.entries(program.state)) {
      const own = requireStateTensor(state.spec, name).shape;
      if (!sameShape(own, shape)) {
        throw new RangeError(`compile: state "${name}" expected [${shape.join(", ")}], got [${own.join(", ")}]`);
      }
    }
    this.program = program;
    this.plan = planOf(program);
    this.state = state;
    this.runtime = state.runtime;
    this.device = state.runtime.device;
    this.ops = kernelOps(this.device, this.constants);
    this.runtime.adopt(this);
  }

  async run(inputs: Readonly<Record<string, HostArray>>, options: RunOptions = {}): Promise<RunResult> {
    const { signal } = options;
    signal?.throwIfAborted();
    this.requireAlive();
    const batch = resolveBatch(this.program, inputs, options.batch);
    // The caller may write into its arrays again while this run waits for its turn.
    const fed = Object.fromEntries(Object.entries(inputs).map(([name, values]) => [name, values.slice()]));
    return this.runtime.turn(() => this.step(fed, batch, signal));
  }

  dispose(): void {
    if (!this.life.end()) return;
    this.runtime.drop(this);
    for (const value of this.constants.values()) this.device.release(value);
    this.constants.clear();
  }

  private requireAlive(): void {
    this.life.requireAlive();
    this.state.requireAlive();
  }

  private async step(
    inputs: Readonly<Record<string, HostArray>>,
    batch: number,
    signal: AbortSignal | undefined,
  ): Promise<RunResult> {
    signal?.throwIfAborted();
    this.requireAlive();
    const run = this.runtime.begin();
    const walk = new Walk(this.program, this.plan, this.ops, { inputs, batch, state: this.state });
    try {
      walk.compute();
      const committed = await this.guardIsFinite(walk);
      signal?.throwIfAborted();
      this.requireAlive();
      if (committed) this.commit(walk);
      const outputs = Object.entries(this.program.outputs).map(([name, id]) => [name, walk.taken(id)] as const);
      this.runtime.keep(outputs.map(([, value]) => value));
      const handles = outputs.map(([name, value]) => [name, this.handle(run, value)] as const);
      return { committed, outputs: Object.fromEntries(handles) };
    } finally {
      walk.release();
    }
  }

  private async guardIsFinite(walk: Walk): Promise<boolean> {
    const { guard } = this.program;
    if (guard === undefined) return true;
    const [value] = await this.device.read(walk.valueOf(guard));
    return Number.isFinite(value);
  }

  private commit(walk: Walk): void {
    const next = Object.entries(this.program.updates).map(([name, id]) => [name, walk.taken(id)] as const);
    for (const [name, value] of next) this.state.replace(name, value);
  }

  private handle(run: number, value: Value): Handle {
    const { runtime, device } = this;
    return {
      shape: value.shape,
      read: async () => {
        runtime.requireAlive();
        if (run !== runtime.runs) {
          throw new IsthmusError("ENGINE_STALE_HANDLE", "this result was replaced by a later run; read it before");
        }
        return device.read(value);
      },
    };
  }
}

interface Given {
  readonly inputs: Readonly<Record<string, HostArray>>;
  readonly batch: number;
  readonly state: TfjsState;
}

/** One run through a program's nodes. */
class Walk {
  private readonly program: Program;
  private readonly plan: Plan;
  private readonly ops: KernelOps;
  private readonly given: Given;
  /** By node id, those that are needed still. */
  private readonly values = new Map<number, Value>();
  /** Integers by node id. */
  private readonly host = new Map<number, NdArray>();

  constructor(program: Program, plan: Plan, ops: KernelOps, given: Given) {
    this.program = program;
    this.plan = plan;
    this.ops = ops;
    this.given = given;
  }

  compute(): void {
    for (const node of this.program.nodes) {
      if (isOnHost(node)) this.host.set(node.id, this.integers(node));
      else
        this.values.set(
          node.id,
          this.device.scoped(() => this.evaluate(node)),
        );
      for (const id of this.plan.lastUses[node.id]!) this.forget(id);
    }
  }

  /** What a node made; integers as numbers. */
  valueOf(id: number): Value {
    const known = this.values.get(id);
    if (known) return known;
    const { data, shape } = this.host.get(id)!;
    const made = this.device.upload(data, shape);
    this.values.set(id, made);
    return made;
  }

  /** The same, to be released by the caller. */
  taken(id: number): Value {
    return this.device.share(this.valueOf(id));
  }

  release(): void {
    for (const value of this.values.values()) this.device.release(value);
    this.values.clear();
  }

  private get device(): Device {
    return this.ops.device;
  }

  private forget(id: number): void {
    const value = this.values.get(id);
    if (value) this.device.release(value);
    this.values.delete(id);
  }

  private shapeOf({ shape }: Node): number[] {
    return concreteShape(shape, this.given.batch);
  }

  private integers(node: Node): NdArray {
    const { inputs, batch } = this.given;
    if (node.op === "input") {
      return ndArray(this.shapeOf(node), Float64Array.from(inputs[node.attributes["name"] as string]!));
    }
    const operation = operationNamed(node.op);
    if (operation.tier !== "primitive") throw new RangeError(`integers do not come from "${node.op}"`);
    const operands = node.inputs.map((id) => this.host.get(id)!);
    return operation.reference(operands, node, { batch });
  }

  private evaluate(node: Node): Value {
    const { attributes, op } = node;
    const shape = this.shapeOf(node);
    switch (op) {
      case "input":
        return this.device.upload(this.given.inputs[attributes["name"] as string]!, shape);
      case "state":
        return this.given.state.valueOf(attributes["name"] as string);
      case "constant":
        return this.ops.cached(`node ${node.id}`, () =>
          this.device.upload(attributes["values"] as readonly number[], shape),
        );
      case "batchSize":
        return this.ops.scalar(this.given.batch);
      case "randomUniform":
      case "randomNormal":
        return this.device.upload(this.noise(node, sizeOf(shape)), shape);
      default:
        return this.lowered(node, shape);
    }
  }

  private lowered(node: Node, shape: readonly number[]): Value {
    const operands = node.inputs.map((id) => this.program.nodes[id]!);
    const last = operands.at(-1);
    const ids = last && isOnHost(last) ? this.host.get(last.id) : undefined;
    const inputs = operands.flatMap((operand) => (isOnHost(operand) ? [] : [this.values.get(operand.id)!]));
    const made = loweringOf(node)!(this.ops, inputs, { attributes: node.attributes, shape, ids });
    return this.ops.broadcastTo(made, shape);
  }

  /** The generator's numbers, the same on every engine. */
  private noise(node: Node, count: number): Float32Array {
    const [seed, step] = node.inputs.map((id) => Array.from(this.host.get(id)!.data, (word) => word >>> 0));
    const out = new Float32Array(count);
    const draw = node.op === "randomNormal" ? randomNormal : randomUniform;
    draw(out, {
      seed: seed as [number, number],
      stream: node.attributes["stream"] as string,
      step: step![0]! + step![1]! * 2 ** 32,
    });
    return out;
  }
}
