import type { Node } from "@isthmus/graph";
import { convolutions } from "./channels-first.ts";
import type { Network, Weights } from "./network.ts";
import { copied, countUses, nameOf, rewrite } from "./rewrite.ts";

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
export function foldBatchNorms({ program, weights }: Network): Network {
  const uses = countUses(program);
  const at = (id: number) => program.nodes[id]!;
  const isOwn = ({ id }: Node) => uses[id] === 1;
  const found = program.nodes.map((node) => normalisedBy(node, at, isOwn));
  const folded = found.map((one) => (one ? foldedTensors(one, weights) : {}));
  const shortened = rewrite(program, (build, node, _, rewritten) => {
    const one = found[node.id];
    if (!one) return undefined;
    const { product, weight, bias, shift, name } = one;
    const made = copied(build, program, product, [rewritten[product.inputs[0]!]!, rewritten[weight.id]!]);
    return build.emit("add", [made, rewritten[(bias ?? shift).id]!], {}, name);
  });
  return { program: shortened, weights: Object.assign({}, weights, ...folded) as Weights };
}

/** The normalisation that ends in `node`, if nothing else reads its parts. */
function normalisedBy(node: Node, at: (id: number) => Node, isOwn: (node: Node) => boolean): Normalised | undefined {
  const features = node.shape.at(-1);
  const isVector = ({ op, shape }: Node) => op === "state" && shape.length === 1 && shape[0] === features;
  const operandsOf = (op: string, whole: Node) => (whole.op === op ? (whole.inputs.map(at) as [Node, Node]) : []);
  const [scaled, shift] = operandsOf("add", node);
  const [centred, factor] = scaled && isOwn(scaled) ? operandsOf("mul", scaled) : [];
  const [whole, mean] = centred && isOwn(centred) ? operandsOf("sub", centred) : [];
  const vectors = [shift, factor, mean].every((part) => part && isVector(part));
  if (!whole || !vectors || !isOwn(whole) || !isOwn(shift!)) return undefined;
  const [left, right] = operandsOf("add", whole);
  const bias = right && isVector(right) && isOwn(right) ? right : undefined;
  const product = bias ? left! : whole;
  const weight = productWeight(product, at);
  if (!weight || !isOwn(product) || !isOwn(weight)) return undefined;
  const name = bias ? whole.name : product.name;
  return { product, weight, bias, name, mean: mean!, factor: factor!, shift: shift! };
}

/** The stored weight of a product; undefined for anything else. */
function productWeight({ op, inputs }: Node, at: (id: number) => Node): Node | undefined {
  if (op !== "matmul" && !convolutions.has(op)) return undefined;
  const weight = at(inputs[1]!);
  return weight.op === "state" ? weight : undefined;
}

/** The new values of weight and bias, under the names of the old ones. */
function foldedTensors({ product, weight, bias, mean, factor, shift }: Normalised, weights: Weights): Weights {
  const valuesOf = (node: Node) => weights[nameOf(node)]!.values();
  const shape = weight.shape as readonly number[];
  const channels = mean.shape as readonly number[];
  const channelOf = outputChannel(product, shape);
  return {
    [nameOf(weight)]: {
      shape,
      values: () => {
        const f = valuesOf(factor);
        return valuesOf(weight).map((value, index) => value * f[channelOf(index)]!);
      },
    },
    [nameOf(bias ?? shift)]: {
      shape: channels,
      values: () => {
        const [m, f, s] = [mean, factor, shift].map(valuesOf) as [Float32Array, Float32Array, Float32Array];
        const b = bias ? valuesOf(bias) : new Float32Array(m.length);
        return s.map((value, c) => (b[c]! - m[c]!) * f[c]! + value);
      },
    },
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
