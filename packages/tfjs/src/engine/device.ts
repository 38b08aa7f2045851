import type { DataType, KernelBackend, NamedAttrMap, TensorInfo } from "@tensorflow/tfjs-core";
import type { TfjsCore } from "../tfjs-ops.ts";

/** An array on a backend. */
export type Value = TensorInfo;

/** How a backend differs from the others, as far as it must be known. */
export interface Traits {
  /** Sums and products of matrices add one term after the other in float32. */
  readonly naiveSums?: true;
  /** A product reads its operands fast only as they lie, or is wrong where it does not. */
  readonly plainProducts?: true;
  /** Maxima and comparisons of arrays of different shapes are slow. */
  readonly slowBroadcasts?: true;
  /** The larger, or smaller, of a number and NaN is the number where NaN is the second. */
  readonly dropsNaN?: true;
  /** Exponentials, logarithms and the hyperbolic tangent are right to some bits less than float32 has. */
  readonly roughFunctions?: true;
}

/** A backend ready to be used, and what to do when it is used no more. */
export interface OpenBackend {
  /** The name its kernels are registered under. */
  readonly name: string;
  readonly backend: KernelBackend;
  readonly traits: Traits;
  /** What must not be collected while the backend is used: Dawn ends the process when its instance is. */
  readonly held?: object;
  /** Throws when the backend is no longer the one whose kernels are bound. */
  requireBound(): void;
  close(): void;
}

type Kernel = (inputs: Readonly<Record<string, Value | readonly Value[]>>, attributes: object) => Value;

/**
 * The kernels of one backend, called directly: without tfjs's engine, its tape, its tidies and its notion of a current
 * backend, none of which it reads or changes. What a kernel makes belongs to the innermost `scoped` it is called in.
 */
export class Device {
  readonly name: string;
  readonly traits: Traits;
  private readonly tf: TfjsCore;
  private readonly open: OpenBackend;
  private readonly kernels = new Map<string, Kernel>();
  private scope: Set<Value> | undefined;

  constructor(tf: TfjsCore, open: OpenBackend) {
    this.tf = tf;
    this.open = open;
    this.name = open.name;
    this.traits = open.traits;
  }

  /** Arrays that the backend holds; with a backend that is shared, others' too. */
  get arrays(): number {
    return this.open.backend.numDataIds();
  }

  requireBound(): void {
    this.open.requireBound();
  }

  call(name: string, inputs: Parameters<Kernel>[0], attributes: object = {}): Value {
    return this.own(this.kernel(name)(inputs, attributes));
  }

  /** A copy of the host's numbers. */
  upload(values: ArrayLike<number>, shape: readonly number[], dtype: "float32" | "int32" = "float32"): Value {
    const copy = dtype === "int32" ? Int32Array.from(values) : Float32Array.from(values);
    const dataId = this.open.backend.write(copy, [...shape], dtype as DataType);
    return this.own({ dataId, shape: [...shape], dtype });
  }

  /** A copy for the host; `x` may be released meanwhile. */
  async read(x: Value): Promise<Float32Array> {
    const held = this.kept(() => this.share(x));
    try {
      return Float32Array.from((await this.open.backend.read(held.dataId)) as Float32Array);
    } finally {
      this.release(held);
    }
  }

  /** The same array once more, to be released by itself. */
  share(x: Value): Value {
    return this.call("Reshape", { x }, { shape: [...x.shape] });
  }

  release(x: Value): void {
    this.open.backend.disposeData(x.dataId);
  }

  /** Runs `body`; of all it makes only what it returns stays, and belongs to whoever called. */
  scoped(body: () => Value): Value {
    const outer = this.scope;
    const own = (this.scope = new Set<Value>());
    try {
      const made = body();
      const kept = own.has(made) ? made : this.share(made);
      own.delete(kept);
      outer?.add(kept);
      return kept;
    } finally {
      this.scope = outer;
      for (const value of own) this.release(value);
    }
  }

  /** What `make` makes, outside of all scopes: the caller releases it. */
  kept(make: () => Value): Value {
    const outer = this.scope;
    this.scope = undefined;
    try {
      return make();
    } finally {
      this.scope = outer;
    }
  }

  close(): void {
    this.open.close();
  }

  private own(value: Value): Value {
    this.scope?.add(value);
    return value;
  }

  private kernel(name: string): Kernel {
    const known = this.kernels.get(name);
    if (known) return known;
    const config = this.tf.getKernel(name, this.name);
    if (!config) throw new Error(`tfjs has no kernel "${name}" on ${this.name}`);
    const { backend } = this.open;
    const kernel: Kernel = (inputs, attributes) => {
      const made = config.kernelFunc({ inputs: inputs as never, attrs: attributes as NamedAttrMap, backend });
      return Array.isArray(made) ? made[0]! : made;
    };
    this.kernels.set(name, kernel);
    return kernel;
  }
}
