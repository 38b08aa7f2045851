import type { Node, Program } from "@isthmus/graph";
import { convolutions } from "./channels-first.ts";
import type { Network, Parameters } from "./network.ts";
import { copied, countUses, nameOf, rewrite, stored } from "./rewrite.ts";

/** `(product + bias - mean) factor + shift`, as batch normalisation with running statistics is written. */
interface Normalised {
  readonly product: Node;
  readonly weight: Node;
  /** What the product's bias is, and the shift where it has none. */
  readonly bias: Node | undefined;
  readonly name: string | undefined;
  readonly mean: Node;
  readonly factor: Node;
  readonly shift: Node;
}

/**
 * Batch normalisation behind a dense layer or a convolution becomes part of its weights, in float64:
 *
 *     (x W + b - mean) factor + shift = x (W factor) + ((b - mean) factor + shift)
 */
export function foldBatchNorms({ program, parameters }: Network): Network {
  const found = findNormalised(program);
  const folded = [...found.values()].map((one) => foldedTensors(one, parameters));
  const shortened = rewrite(program, (build, node, _, rewritten) => {
    const one = found.get(node.id);
    if (!one) return undefined;
    const { product, weight, bias, shift, name } = one;
    const state = (tensor: Node) => build.state(nameOf(tensor), stored(tensor.shape as readonly number[]));
    const made = copied(build, program, product, [rewritten[product.inputs[0]!]!, state(weight)]);
    return build.emit("add", [made, state(bias ?? shift)], {}, name);
  });
  return { program: shortened, parameters: Object.assign({}, parameters, ...folded) as Parameters };
}

/** Those whose parts nothing else reads, by the id of their last addition. */
function findNormalised(program: Program): ReadonlyMap<number, Normalised> {
  const uses = countUses(program);
  const at = (id: number | undefined) => program.nodes[id!]!;
  const found = new Map<number, Normalised>();
  for (const node of program.nodes) {
    const isOwn = (part: Node) => uses[part.id] === 1;
    const isVector = (part: Node) =>
      part.op === "state" && part.shape.length === 1 && part.shape[0] === node.shape.at(-1);
    if (node.op !== "add") continue;
    const [scaled, shift] = node.inputs.map(at) as [Node, Node];
    if (scaled.op !== "mul" || !isOwn(scaled) || !isVector(shift) || !isOwn(shift)) continue;
    const [centred, factor] = scaled.inputs.map(at) as [Node, Node];
    if (centred.op !== "sub" || !isOwn(centred) || !isVector(factor)) continue;
    const [whole, mean] = centred.inputs.map(at) as [Node, Node];
    if (!isOwn(whole) || !isVector(mean)) continue;
    const [first, second] = whole.inputs.map(at) as [Node, Node | undefined];
    const isBiased = whole.op === "add" && second !== undefined && isVector(second) && isOwn(second);
    const product = isBiased ? first : whole;
    const weight = at(product.inputs[1]);
    const isProduct = (product.op === "matmul" || convolutions.has(product.op)) && isOwn(product);
    if (!isProduct || weight.op !== "state" || !isOwn(weight)) continue;
    const bias = isBiased ? second : undefined;
    found.set(node.id, { product, weight, bias, name: isBiased ? whole.name : product.name, mean, factor, shift });
  }
  return found;
}

/** The new values of weight and bias, under the names of the old ones. */
function foldedTensors({ product, weight, bias, mean, factor, shift }: Normalised, parameters: Parameters): Parameters {
  const valuesOf = (node: Node) => parameters[nameOf(node)]!.data as Float32Array;
  const [m, f, s] = [mean, factor, shift].map(valuesOf) as [Float32Array, Float32Array, Float32Array];
  const b = bias ? valuesOf(bias) : new Float32Array(m.length);
  const channelOf = outputChannel(product, weight.shape as readonly number[]);
  return {
    [nameOf(weight)]: {
      shape: weight.shape as readonly number[],
      data: valuesOf(weight).map((value, index) => value * f[channelOf(index)]!),
    },
    [nameOf(bias ?? shift)]: { shape: [m.length], data: s.map((value, c) => (b[c]! - m[c]!) * f[c]! + value) },
  };
}

/** The channel of the product that an element of its weight makes. */
function outputChannel({ op, attributes }: Node, shape: readonly number[]): (index: number) => number {
  const [, , third, last] = shape as [number, number, number, number];
  if (op === "matmul") {
    const columns = shape[1]!;
    return attributes["transposeB"] ? (index) => Math.floor(index / columns) : (index) => index % columns;
  }
  if (op === "conv2d") return (index) => index % last;
  if (op === "depthwiseConv2d") return (index) => index % (third * last);
  return (index) => Math.floor(index / last) % third;
}
