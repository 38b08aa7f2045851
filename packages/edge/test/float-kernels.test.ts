// Kernels of floats leave the same bytes in WebAssembly and in plain JavaScript, and what the formulas say.
import { KERNELS, planKernelBytes, type PlanKernelExports } from "@isthmus/kernels/plan";
import fc from "fast-check";
import { expect, test } from "vitest";
import { FloatKernels } from "../src/float-kernels.ts";
import { callWords, checkFloatPlan } from "../src/format.ts";
import { type FloatFunctionName, type FloatPlan } from "../src/index.ts";
import { expectedFloats, floatLayers, floatPlanOf, JOINS, MAPS } from "./float-plans.ts";

const module = new WebAssembly.Module(planKernelBytes());
const memory = new WebAssembly.Memory({ initial: 16, maximum: 16 });
const kernels = new WebAssembly.Instance(module, { env: { memory } }).exports as unknown as PlanKernelExports;

/** The memory of a plan with an item in it, everything else behind the constants being 7. */
function begun({ constants, memoryBytes, input }: FloatPlan, item: readonly number[]): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(memoryBytes).fill(7);
  bytes.set(constants);
  new Float32Array(bytes.buffer, input.address, input.length).set(item);
  return bytes;
}

function inWebAssembly(plan: FloatPlan, item: readonly number[]): Uint8Array<ArrayBuffer> {
  const words = plan.calls.flatMap(callWords);
  new Uint8Array(memory.buffer).set(begun(plan, item));
  new Int32Array(memory.buffer, plan.memoryBytes, words.length).set(words);
  kernels.run(plan.memoryBytes, plan.calls.length);
  return new Uint8Array(memory.buffer).slice(0, plan.memoryBytes);
}

function inJavascript(plan: FloatPlan, item: readonly number[]): Uint8Array<ArrayBuffer> {
  const bytes = begun(plan, item);
  const kernels = new FloatKernels(bytes.buffer);
  for (const call of plan.calls) kernels.run(call);
  return bytes;
}

/** The bits of all but the scratch, which not every patch needs; NaN has many. */
function bitsOf({ calls, memoryBytes }: FloatPlan, bytes: Uint8Array<ArrayBuffer>): number[] {
  const [call] = calls;
  const end = call && "scratch" in call ? call.scratch : memoryBytes;
  const words = new Uint32Array(bytes.buffer, 0, end / 4);
  return Array.from(new Float32Array(bytes.buffer, 0, end / 4), (value, i) => (Number.isNaN(value) ? -1 : words[i]!));
}

function resultsOf(plan: FloatPlan, bytes: Uint8Array<ArrayBuffer>): number[] {
  const { address, length } = plan.outputs[0]!;
  return [...new Float32Array(bytes.buffer, address, length)];
}

test("every byte of the memory is the same in WebAssembly and in plain JavaScript", () => {
  fc.assert(
    fc.property(floatLayers, ({ layer, item }) => {
      const plan = floatPlanOf(layer);
      checkFloatPlan(plan);
      expect(bitsOf(plan, inJavascript(plan, item))).toEqual(bitsOf(plan, inWebAssembly(plan, item)));
    }),
    { numRuns: 1500 },
  );
});

test("convolutions and pools are what the formulas say, to the bit", () => {
  let tried = 0;
  fc.assert(
    fc.property(floatLayers, ({ layer, item }) => {
      if (!("window" in layer)) return;
      const plan = floatPlanOf(layer);
      expect(resultsOf(plan, inWebAssembly(plan, item))).toEqual(expectedFloats(layer, item));
      tried++;
    }),
    { numRuns: 600 },
  );
  expect(tried).toBeGreaterThan(200);
});

const erfTable = [
  [0, 0],
  [0.1, 0.1124629160182849],
  [0.5, 0.5204998778130465],
  [0.93, 0.8115635533564474],
  [1, 0.8427007929497149],
  [2, 0.9953222650189527],
  [-2, -0.9953222650189527],
  [3.5, 0.9999992569016276],
  [9, 1],
] as const;

/** In float64; erf at the points of its table. */
const exact: Readonly<Record<string, (x: number, other: number) => number>> = {
  abs: Math.abs,
  sqrt: Math.sqrt,
  exp: Math.exp,
  expm1: Math.expm1,
  erf: (x) => erfTable.find(([at]) => Math.fround(at) === x)![1],
  sigmoid: (x) => 1 / (1 + Math.exp(-x)),
  tanh: Math.tanh,
  softplus: (x) => Math.max(x, 0) + Math.log1p(Math.exp(-Math.abs(x))),
  add: (x, other) => x + other,
  sub: (x, other) => x - other,
  mul: (x, other) => x * other,
  div: (x, other) => x / other,
  maximum: Math.max,
  minimum: Math.min,
};

test.each<FloatFunctionName>([...MAPS, ...JOINS])("%s is within a few roundings of what float64 gives", (kernel) => {
  const points =
    kernel === "erf"
      ? [...erfTable.map(([x]) => x), 0, 0, 0]
      : Array.from({ length: 400 }, (_, i) => (i - 200) * 0.37 + 0.05 * Math.sin(i));
  const item = points.map(Math.fround).map((x) => (kernel === "sqrt" ? Math.abs(x) : x));
  const other = item.map((x, i) => Math.fround(Math.cos(x) + i / 100));
  const plan = floatPlanOf({ kernel, length: item.length, other });
  const found = resultsOf(plan, inJavascript(plan, item));
  found.forEach((value, i) => {
    const wanted = exact[kernel]!(item[i]!, other[i]!);
    // Four units in the last place of float32, and what is below its smallest normal number.
    expect(Math.abs(value - wanted)).toBeLessThanOrEqual(4 * 2 ** -23 * Math.abs(wanted) + 2 ** -126);
  });
});

test.each<[FloatFunctionName, readonly number[], readonly number[]]>([
  ["exp", [Infinity, -Infinity, Number.NaN, 200], [Infinity, 0, Number.NaN, Infinity]],
  ["expm1", [Infinity, -Infinity, Number.NaN, -0], [Infinity, -1, Number.NaN, -0]],
  ["sigmoid", [Infinity, -Infinity, Number.NaN, -200], [1, 0, Number.NaN, 0]],
  ["tanh", [Infinity, -Infinity, Number.NaN, -0], [1, -1, Number.NaN, -0]],
  ["softplus", [Infinity, -Infinity, Number.NaN, -200], [Infinity, 0, Number.NaN, 0]],
  ["erf", [Infinity, -Infinity, Number.NaN, -0], [1, -1, Number.NaN, -0]],
  ["sqrt", [Infinity, -1, Number.NaN, -0], [Infinity, Number.NaN, Number.NaN, -0]],
  ["maximum", [Infinity, -Infinity, Number.NaN, -0], [Infinity, 0, Number.NaN, 0]],
  ["minimum", [Infinity, -Infinity, Number.NaN, -0], [0, -Infinity, Number.NaN, -0]],
])("%s at the ends of the numbers", (kernel, item, wanted) => {
  const plan = floatPlanOf({ kernel, length: 4, other: [0, 0, 0, 0] });
  for (const made of [inWebAssembly, inJavascript]) expect(resultsOf(plan, made(plan, item))).toEqual(wanted);
});

test("functions are the last kernels, in the order of their names here", () => {
  expect(KERNELS.slice(-MAPS.length - JOINS.length)).toEqual([...MAPS, ...JOINS]);
});
