/** Products between `QuantizeLinear` and `DequantizeLinear`: what a runtime may compute in integers. */
import { roundHalfEven } from "@isthmus/math";
import type { Fact } from "../check/fact.ts";
import { FLOAT, INT32, INT8, UINT8 } from "../data-types.ts";
import { int } from "../graph-writer.ts";
import type { OnnxGraph, OnnxNode, WrittenTensor } from "../messages.ts";
import { asBytes, floatsOf } from "./floats.ts";
import { GraphEdit } from "./graph-edit.ts";
import type { ActivationRange, ActivationRanges } from "./options.ts";
import { findProducts, type Product } from "./products.ts";
import { type WeightBytes, writeWeightBytes } from "./weight-bytes.ts";

export interface StaticInt8 {
  readonly facts: ReadonlyMap<string, Fact>;
  readonly ranges: ActivationRanges;
  readonly activations: "int8" | "uint8";
  readonly bits: 7 | 8;
}

/** The values that are rounded: what products with constant weights read, by name, each once. */
export function quantisedValues(graph: OnnxGraph<WrittenTensor>): string[] {
  return [...new Set(roundedProducts(graph).map(({ node }) => node.inputs[0]!))];
}

/**
 * Products with a weight of their own. Weights of several stay float32: onnxruntime 1.30 turns the bytes of such a weight
 * once for each product under one name, and then refuses the file.
 */
function roundedProducts(graph: OnnxGraph<WrittenTensor>): Product[] {
  const products = findProducts(graph);
  const uses = new Map<string, number>();
  for (const { weight } of products) uses.set(weight.name, (uses.get(weight.name) ?? 0) + 1);
  return products.filter(({ weight }) => uses.get(weight.name) === 1);
}

/**
 * Weights as bytes with a scale for each output, what products read as bytes with one scale, and biases as int32 in steps of
 * the two scales together, in which integers add up.
 *
 * @throws RangeError a value without a range, or a range that is none
 */
export function quantiseStatically(graph: OnnxGraph<WrittenTensor>, options: StaticInt8): OnnxGraph<WrittenTensor> {
  return new StaticQuantiser(graph, options).write();
}

/** A value as bytes: x is near scale (q - zero). */
interface Quantiser {
  readonly scale: number;
  readonly zero: number;
}

/** A value behind its rounding. */
interface Rounded {
  readonly name: string;
  readonly scale: number;
}

const LARGEST_INT32 = 2 ** 31 - 1;

class StaticQuantiser {
  private readonly graph: OnnxGraph<WrittenTensor>;
  private readonly options: StaticInt8;
  private readonly edit: GraphEdit;
  private readonly products: ReadonlyMap<OnnxNode, Product>;
  private readonly rounded = new Map<string, Rounded>();
  private readonly nodes: OnnxNode[] = [];

  constructor(graph: OnnxGraph<WrittenTensor>, options: StaticInt8) {
    this.graph = graph;
    this.options = options;
    this.edit = new GraphEdit(graph);
    this.products = new Map(roundedProducts(graph).map((product) => [product.node, product]));
  }

  write(): OnnxGraph<WrittenTensor> {
    for (const node of this.graph.nodes) {
      const product = this.products.get(node);
      this.nodes.push(product ? this.quantised(product) : node);
    }
    const weights = new Set([...this.products.values()].map(({ weight }) => weight.name));
    const read = new Set(this.nodes.flatMap(({ inputs }) => inputs));
    const ports = new Set(this.graph.outputs.map(({ name }) => name));
    const kept = this.graph.initialisers.filter(({ name }) => {
      return !weights.has(name) && (read.has(name) || ports.has(name));
    });
    this.edit.initialisers.unshift(...kept);
    return this.edit.applied(this.graph, this.nodes);
  }

  /** The product of what its inputs are as integers. */
  private quantised(product: Product): OnnxNode {
    const { node } = product;
    const x = this.roundedValue(node.inputs[0]!);
    const weight = this.weightBytes(product);
    const bias = this.bias(product, x.scale, weight.scales);
    const [, name, ...others] = node.inputs as [string, string, ...string[]];
    return { ...node, inputs: [x.name, name, ...(bias ? [bias] : others)] };
  }

  private weightBytes(product: Product): WeightBytes {
    const written = writeWeightBytes(this.edit, product, this.options.bits);
    this.nodes.push(written.node);
    return written;
  }

  private roundedValue(name: string): Rounded {
    const rounded = this.rounded.get(name) ?? this.writeRounded(name);
    this.rounded.set(name, rounded);
    return rounded;
  }

  private writeRounded(name: string): Rounded {
    const { activations, ranges, facts } = this.options;
    const range = requireRange(ranges, name);
    const { scale, zero } = quantiserOf(range, activations);
    const type = activations === "int8" ? INT8 : UINT8;
    const { edit } = this;
    const parameters = [
      edit.tensor(`${name}/scale`, { elementType: FLOAT, dims: [], data: asBytes(Float32Array.of(scale)) }),
      edit.tensor(`${name}/zero_point`, { elementType: type, dims: [], data: Uint8Array.of(zero) }),
    ];
    const shape = facts.get(name)?.shape;
    const bytes = edit.declare(edit.unique(`${name}/quantised`), type, shape);
    const back = edit.declare(edit.unique(`${name}/dequantised`), FLOAT, shape);
    this.nodes.push(
      edit.node("QuantizeLinear", [name, ...parameters], bytes),
      edit.node("DequantizeLinear", [bytes, ...parameters], back),
    );
    return { name: back, scale };
  }

  /** The bias in steps of both scales, where it has one number for each output and they hold it. */
  private bias({ node, weight, axis }: Product, scale: number, scales: Float32Array): string | undefined {
    const tensor = this.graph.initialisers.find(({ name }) => name === node.inputs[2]);
    const isPlain = [node.attributes["alpha"], node.attributes["beta"]].every((factor) => (factor?.value ?? 1) === 1);
    const isGrouped = node.opType === "ConvTranspose" && axis === 0;
    const isVector = tensor?.elementType === FLOAT && tensor.dims.length === 1 && tensor.dims[0] === scales.length;
    if (!tensor || !isVector || !isPlain || isGrouped) return undefined;
    const steps = scales.map((each) => each * scale);
    const whole = Float64Array.from(floatsOf(tensor), (value, i) => roundHalfEven(value / steps[i]!));
    if (!whole.every((value) => Math.abs(value) <= LARGEST_INT32)) return undefined;
    const { edit } = this;
    const dims = tensor.dims;
    const wanted = `${weight.name}/${tensor.name}`;
    const inputs = [
      edit.tensor(`${wanted}/int32`, { elementType: INT32, dims, data: asBytes(Int32Array.from(whole)) }),
      edit.tensor(`${wanted}/scale`, { elementType: FLOAT, dims, data: asBytes(steps) }),
    ];
    const made = edit.declare(edit.unique(`${wanted}/dequantised`), FLOAT, dims);
    this.nodes.push(edit.node("DequantizeLinear", inputs, made, { axis: int(0) }));
    return made;
  }
}

function requireRange(ranges: ActivationRanges, name: string): ActivationRange {
  const range = Object.hasOwn(ranges, name) ? ranges[name] : undefined;
  if (range && Number.isFinite(range.min) && Number.isFinite(range.max) && range.min <= range.max) return range;
  const got = range ? `[${range.min}, ${range.max}]` : "nothing";
  throw new RangeError(`"ranges" expected what "${name}" is between, two finite numbers in order, got ${got}`);
}

/** Such that 0, which pads hold, is exactly one of the bytes' numbers. A value that is 0 always has a step of 1. */
function quantiserOf({ min, max }: ActivationRange, activations: "int8" | "uint8"): Quantiser {
  if (activations === "int8") return { scale: Math.fround(Math.max(-min, max) / 127) || 1, zero: 0 };
  const [low, high] = [Math.min(min, 0), Math.max(max, 0)];
  const scale = Math.fround((high - low) / 255) || 1;
  return { scale, zero: Math.min(roundHalfEven(-low / scale), 255) };
}
