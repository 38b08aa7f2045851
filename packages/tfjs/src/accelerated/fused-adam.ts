import { IsthmusError } from "@isthmus/math";
import { SEGMENT_WORDS } from "@isthmus/kernels";
import * as tf from "@tensorflow/tfjs-core";
import { sizeOf } from "../engine/sizes.ts";
import type { Heap } from "./heap.ts";

export interface FusedAdamOptions {
  /** Default 1e-3. */
  readonly learningRate?: number;
  /** Default 0.9. */
  readonly beta1?: number;
  /** Default 0.999. */
  readonly beta2?: number;
  /** Default 1e-7, as tfjs has it. */
  readonly epsilon?: number;
}

/** As tfjs passes gradients and weights. */
interface NamedTensor {
  name: string;
  tensor: tf.Tensor;
}

interface Moments {
  readonly first: tf.Variable;
  readonly second: tf.Variable;
}

/**
 * `tf.train.adam` in one pass over all variables, in place (Kingma and Ba, 2015, algorithm 1). It takes the place of tfjs's: `minimize`, `compile`,
 * weights and configuration are the same, and each can go on from the weights of the other. Moments belong to variables by name, not by their place.
 *
 * A variable that shares its array with another tensor gets one of its own first: what a clone holds does not change.
 */
export class FusedAdam extends tf.Optimizer {
  /** Of the next step; may be set at any time. */
  learningRate: number;
  readonly beta1: number;
  readonly beta2: number;
  readonly epsilon: number;
  private readonly heap: () => Heap;
  private readonly moments = new Map<string, Moments>();

  /** tfjs's name for it: a saved model is loaded with tfjs's own. */
  static get className(): string {
    return "Adam";
  }

  /** @throws RangeError for what cannot be a rate, a decay or a small positive number */
  constructor(heap: () => Heap, options: FusedAdamOptions = {}) {
    super();
    const { learningRate = 1e-3, beta1 = 0.9, beta2 = 0.999, epsilon = 1e-7 } = options;
    requireNumber("learningRate", learningRate, "a number of at least 0", (value) => value >= 0 && value < Infinity);
    requireNumber("beta1", beta1, "a number in [0, 1)", (value) => value >= 0 && value < 1);
    requireNumber("beta2", beta2, "a number in [0, 1)", (value) => value >= 0 && value < 1);
    requireNumber("epsilon", epsilon, "a number above 0", (value) => value > 0 && value < Infinity);
    this.heap = heap;
    this.learningRate = learningRate;
    this.beta1 = beta1;
    this.beta2 = beta2;
    this.epsilon = epsilon;
  }

  /**
   * One step.
   *
   * @throws IsthmusError `TFJS_BACKEND_LOST` when the accelerated backend is not the current one
   */
  override applyGradients(gradients: tf.NamedTensorMap | NamedTensor[]): void {
    const heap = this.heap();
    const named = Array.isArray(gradients)
      ? gradients
      : Object.entries(gradients).map(([name, tensor]) => ({ name, tensor }));
    const { registeredVariables } = tf.engine();
    const updates = named
      .filter(({ tensor }) => tensor as tf.Tensor | null)
      .map(({ name, tensor }) => {
        const variable = registeredVariables[name];
        if (!variable) throw new RangeError(`"gradients" expected names of variables, got ${JSON.stringify(name)}`);
        requireGradient(variable, tensor);
        return { variable, gradient: tensor, ...this.momentsOf(variable) };
      });
    for (const { variable, first, second } of updates) [variable, first, second].forEach((own) => ownArray(heap, own));
    this.step(
      heap,
      updates.map(({ variable, gradient, first, second }) => [gradient, variable, first, second]),
    );
    for (const { variable } of updates) heap.forgetPacked(variable);
    this.incrementIterations();
  }

  /** @param tensors gradient, parameter, moments of each variable */
  private step(heap: Heap, tensors: readonly (readonly tf.Tensor[])[]): void {
    const segments = tensors.flatMap((own) => [own[0]!.size, ...own.map((tensor) => heap.address(tensor)), 0, 0]);
    const address = heap.scratch(4 * (segments.length + COEFFICIENTS));
    heap.words(address, segments.length).set(segments);
    const numbers = address + 4 * segments.length;
    const t = this.iterations + 1;
    const { beta1, beta2, epsilon } = this;
    const scales = [this.learningRate / (1 - beta1 ** t), 1 / Math.sqrt(1 - beta2 ** t)];
    heap.floats(numbers, COEFFICIENTS).set([beta1, beta2, epsilon, 1 - beta1, 1 - beta2, ...scales]);
    heap.kernels.adam(address, segments.length / SEGMENT_WORDS, numbers, 0, numbers + 20, numbers + 24);
  }

  private momentsOf(variable: tf.Variable): Moments {
    const known = this.moments.get(variable.name);
    if (known) return known;
    const zeros = (): tf.Variable => tf.tidy(() => tf.variable(tf.zerosLike(variable), false));
    const made = { first: zeros(), second: zeros() };
    this.moments.set(variable.name, made);
    return made;
  }

  /** `iter`, then all first moments, then all second ones: tfjs's order. */
  override async getWeights(): Promise<NamedTensor[]> {
    const all = [...this.moments];
    return [
      await this.saveIterations(),
      ...all.map(([name, { first }]) => ({ name: `${name}/m`, tensor: first })),
      ...all.map(([name, { second }]) => ({ name: `${name}/v`, tensor: second })),
    ];
  }

  /** Of this class or of tfjs's Adam. */
  override async setWeights(weights: NamedTensor[]): Promise<void> {
    const values = await this.extractIterations(weights);
    const count = values.length / 2;
    if (!Number.isInteger(count)) {
      throw new RangeError(`"weights" expected a count and pairs of moments, got ${weights.length} tensors`);
    }
    const next = values.slice(0, count).map(({ name, tensor }, i): [string, Moments] => {
      const copies = [tensor, values[count + i]!.tensor].map((moment) =>
        tf.tidy(() => tf.variable(tf.clone(moment), false)),
      );
      return [name.replace(/\/m$/, ""), { first: copies[0]!, second: copies[1]! }];
    });
    this.disposeMoments();
    for (const [name, moments] of next) this.moments.set(name, moments);
  }

  override getConfig(): tf.serialization.ConfigDict {
    const { learningRate, beta1, beta2, epsilon } = this;
    return { learningRate, beta1, beta2, epsilon };
  }

  override dispose(): void {
    this.disposeMoments();
  }

  private disposeMoments(): void {
    for (const { first, second } of this.moments.values()) tf.dispose([first, second]);
    this.moments.clear();
  }
}

/** Five coefficients and two scales. */
const COEFFICIENTS = 7;

function requireNumber(name: string, value: unknown, expected: string, holds: (value: number) => boolean): void {
  if (typeof value !== "number") throw new TypeError(`"${name}" expected ${expected}, got ${typeof value}`);
  if (!holds(value)) throw new RangeError(`"${name}" expected ${expected}, got ${value}`);
}

function requireGradient(variable: tf.Variable, gradient: tf.Tensor): void {
  if (variable.dtype !== "float32" || gradient.dtype !== "float32" || sizeOf(variable.shape) !== gradient.size) {
    throw new IsthmusError(
      "TFJS_GRADIENT",
      `the gradient of ${variable.name} expected float32 of shape [${variable.shape.join(", ")}], got ${gradient.dtype} of shape [${gradient.shape.join(", ")}]`,
      { variable: variable.name },
    );
  }
}

/** An array that nobody else reads. */
function ownArray(heap: Heap, variable: tf.Variable): void {
  heap.address(variable);
  if (heap.backend.refCount(variable.dataId) === 1) return;
  tf.tidy(() => {
    const copy = tf.engine().makeTensorFromTensorInfo(heap.output(variable.shape));
    heap.kernels.copy(heap.address(variable), heap.address(copy), 4 * variable.size);
    variable.assign(copy);
  });
}
