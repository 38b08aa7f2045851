import type { OnnxDim } from "../../messages.ts";
import { INT64 } from "../../data-types.ts";
import { floats } from "../element-types.ts";
import { mayEqual, shapeText } from "../fact.ts";
import type { Dims, NodeFacts, Outcome } from "../node-facts.ts";
import { type Form, operator, type Operators } from "../operator.ts";

/** How a window goes along the axes of an image, one number for each axis. */
interface Windows {
  readonly kernel: readonly number[];
  readonly strides: readonly number[];
  readonly dilations: readonly number[];
  /** All at the beginnings, then all at the ends. */
  readonly pads: readonly number[];
  readonly autoPad: string;
}

const autoPads = ["NOTSET", "SAME_UPPER", "SAME_LOWER", "VALID"];

function windowsOf(facts: NodeFacts, kernel: readonly number[]): Windows {
  const axes = kernel.length;
  const strides = perAxis(facts, "strides", axes, 1);
  const dilations = perAxis(facts, "dilations", axes, 1);
  if (kernel.some((size) => size < 1)) facts.fail(`has a window of shape [${kernel.join(", ")}]`);
  const autoPad = facts.text("auto_pad", "NOTSET");
  if (!autoPads.includes(autoPad)) facts.fail(`has "auto_pad" ${autoPad}, expected one of ${autoPads.join(", ")}`);
  const pads = facts.ints("pads") ?? new Array<number>(2 * axes).fill(0);
  if (pads.length !== 2 * axes || pads.some((pad) => pad < 0)) {
    facts.fail(`has "pads" [${pads.join(", ")}], expected ${2 * axes} numbers that are not negative`);
  }
  if (autoPad !== "NOTSET" && facts.ints("pads")?.some((pad) => pad > 0)) {
    facts.fail(`has both "pads" and "auto_pad" ${autoPad}`);
  }
  return { kernel, strides, dilations, pads, autoPad };
}

function perAxis(facts: NodeFacts, name: string, axes: number, least: number): readonly number[] {
  const values = facts.ints(name) ?? new Array<number>(axes).fill(least);
  if (values.length === axes && values.every((value) => value >= least)) return values;
  return facts.fail(`has "${name}" [${values.join(", ")}], expected ${axes} numbers of at least ${least}`);
}

const reach = ({ kernel, dilations }: Windows, axis: number): number => (kernel[axis]! - 1) * dilations[axis]! + 1;

const padding = ({ pads, kernel }: Windows, axis: number): number => pads[axis]! + pads[axis + kernel.length]!;

/** How often a window fits along an axis. */
function slid(facts: NodeFacts, size: OnnxDim, windows: Windows, axis: number): OnnxDim {
  if (typeof size !== "number") return null;
  const stride = windows.strides[axis]!;
  if (windows.autoPad.startsWith("SAME")) return Math.ceil(size / stride);
  const room = size + padding(windows, axis) - reach(windows, axis);
  if (room < 0) facts.fail(`has a window of ${reach(windows, axis)} on an axis of ${size} with its pads`);
  return (facts.int("ceil_mode", 0) === 1 ? Math.ceil : Math.floor)(room / stride) + 1;
}

/** The kernel that the attribute says, which must be that of the weights. */
function kernelOf(facts: NodeFacts, weights: Dims): readonly number[] | undefined {
  const stored = weights.slice(2);
  const said = facts.ints("kernel_shape");
  if (said && (said.length !== stored.length || said.some((size, axis) => !mayEqual(size, stored[axis]!)))) {
    facts.fail(`has "kernel_shape" [${said.join(", ")}] and weights of shape ${shapeText(weights)}`);
  }
  return said ?? (stored.every((size) => typeof size === "number") ? stored : undefined);
}

function groupOf(facts: NodeFacts): number {
  const group = facts.int("group", 1);
  return group >= 1 ? group : facts.fail(`has "group" ${group}`);
}

interface Filtered {
  readonly x: Dims;
  readonly windows: Windows;
  readonly channels: OnnxDim;
}

/** What both kinds of convolution need: channels that fit, and a bias for each that comes out. */
function filtered(facts: NodeFacts, from: 0 | 1): Filtered | undefined {
  const [x, weights, bias] = [facts.shape(0), facts.shape(1), facts.shape(2)];
  if (!x || !weights) return undefined;
  facts.requireAtLeast(0, 3);
  facts.requireRank(1, x.length);
  const group = groupOf(facts);
  const [first, second] = weights as [OnnxDim, OnnxDim];
  const [read, made] = from === 0 ? [first, times(second, group)] : [times(second, group), first];
  if (!mayEqual(x[1]!, read))
    facts.fail(`reads ${x[1]} channels with weights of shape ${shapeText(weights)} in ${group} groups`);
  if (typeof first === "number" && first % group !== 0) facts.fail(`has ${first} channels in ${group} groups`);
  if (bias && (bias.length !== 1 || !mayEqual(bias[0]!, made)))
    facts.fail(`adds a bias of shape ${shapeText(bias)} to ${made} channels`);
  const kernel = kernelOf(facts, weights);
  return kernel && { x, windows: windowsOf(facts, kernel), channels: made };
}

const times = (dim: OnnxDim, factor: number): OnnxDim => (typeof dim === "number" ? dim * factor : null);

function conv(facts: NodeFacts): readonly Outcome[] {
  const found = filtered(facts, 1);
  if (!found) return [];
  const { x, windows, channels } = found;
  const sizes = x.slice(2).map((size, axis) => slid(facts, size, windows, axis));
  return [{ shape: [x[0]!, channels, ...sizes] }];
}

function convTranspose(facts: NodeFacts): readonly Outcome[] {
  const found = filtered(facts, 0);
  if (!found) return [];
  const { x, windows, channels } = found;
  const added = perAxis(facts, "output_padding", windows.kernel.length, 0);
  const asked = facts.ints("output_shape");
  if (asked && asked.length !== windows.kernel.length) {
    facts.fail(`has "output_shape" [${asked.join(", ")}], expected ${windows.kernel.length} numbers`);
  }
  const sizes = asked ?? x.slice(2).map((size, axis) => spread(facts, size, windows, axis, added[axis]!));
  return [{ shape: [x[0]!, channels, ...sizes] }];
}

function spread(facts: NodeFacts, size: OnnxDim, windows: Windows, axis: number, added: number): OnnxDim {
  const stride = windows.strides[axis]!;
  if (added >= Math.max(stride, windows.dilations[axis]!)) {
    facts.fail(`has "output_padding" ${added}, expected less than the stride ${stride}`);
  }
  if (typeof size !== "number") return null;
  if (windows.autoPad.startsWith("SAME")) return size * stride;
  const made = (size - 1) * stride + added + reach(windows, axis) - padding(windows, axis);
  return made > 0 ? made : facts.fail(`makes an axis of ${made}: its pads cut all away`);
}

function pool(facts: NodeFacts): readonly Outcome[] {
  const x = facts.shape(0);
  if (!x) return [];
  const kernel = facts.ints("kernel_shape")!;
  facts.requireRank(0, kernel.length + 2);
  const windows = windowsOf(facts, kernel);
  if (windows.autoPad === "NOTSET" && windows.pads.some((pad, i) => pad >= reach(windows, i % kernel.length))) {
    facts.fail(`has "pads" [${windows.pads.join(", ")}] as wide as its window [${kernel.join(", ")}]`);
  }
  const shape = [...x.slice(0, 2), ...x.slice(2).map((size, axis) => slid(facts, size, windows, axis))];
  return [{ shape }, { shape }];
}

function globalPool(facts: NodeFacts): readonly Outcome[] {
  const x = facts.shape(0);
  return x ? [{ shape: x.map((dim, axis) => (axis < 2 ? dim : 1)) }] : [];
}

const placed = { auto_pad: "string", pads: "ints", strides: "ints" } as const;
const filters = { ...placed, dilations: "ints", group: "int", kernel_shape: "ints" } as const;
const pools = { ...placed, ceil_mode: "int", kernel_shape: "ints!" } as const;
const one = { inputs: ["T"], outputs: ["T"], types: { T: floats } } as const;
const convolution: Form = { inputs: ["T", "T", "T?"], outputs: ["T"], types: { T: floats }, attributes: filters };

export const windows: Operators = {
  AveragePool: operator(
    [
      { ...one, since: 19, attributes: { ...pools, count_include_pad: "int", dilations: "ints" } },
      { ...one, attributes: { ...pools, count_include_pad: "int" } },
    ],
    pool,
  ),
  Conv: operator(convolution, conv),
  ConvTranspose: operator(
    { ...convolution, attributes: { ...filters, output_padding: "ints", output_shape: "ints" } },
    convTranspose,
  ),
  GlobalAveragePool: operator(one, globalPool),
  GlobalMaxPool: operator(one, globalPool),
  MaxPool: operator(
    {
      inputs: ["T"],
      outputs: ["T", "I?"],
      types: { T: [...floats, 2, 3], I: [INT64] },
      attributes: { ...pools, dilations: "ints", storage_order: "int" },
    },
    pool,
  ),
};
