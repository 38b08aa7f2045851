// The kernels read bundles and write frames by themselves: they take the bundles that `readBundle` takes, and write what plain JavaScript writes.
import {
  type BundleUnits,
  type FloatOutput,
  javascriptEncoder,
  loadEncoder,
  readBundle,
  type Samples,
} from "@isthmus/edge";
import { dense } from "@isthmus/graph";
import fc from "fast-check";
import { expect, test } from "vitest";
import { bundleEncoder, bundleFloatEncoder } from "../src/index.ts";
import { writeBundle } from "../src/write-bundle.ts";
import { kernelsTake } from "./kernels-take.ts";
import { DIMS, modelOf, SIZE } from "./models.ts";
import { items, manyKinds, networkOf } from "./networks.ts";
import { repaired } from "./repaired.ts";

const ODD = 7;
const odd = modelOf(networkOf([ODD], (build, x) => ({ mu: dense(build, x, { name: "mu", units: DIMS }) })));
const many = modelOf(manyKinds("sigmoid"));
const units = (count: number, fills: boolean): BundleUnits => ({
  offsets: Float64Array.from({ length: count }, (_, i) => i / 3),
  scales: Float64Array.from({ length: count }, (_, i) => (i % 5 === 4 ? 0 : 1 + i / 7)),
  ...(fills && { fills: Float64Array.from({ length: count }, (_, i) => -i) }),
});

const int8 = await bundleEncoder(many, { batches: [items(20, SIZE)] });
const bundles: Readonly<Record<string, Uint8Array>> = {
  int8: int8,
  "int8 with a unit and fills for each sample": writeBundle({ ...readBundle(int8), units: units(SIZE, true) }),
  float32: bundleFloatEncoder(many),
  "int8, an odd number of samples, one unit": writeBundle({
    ...readBundle(await bundleEncoder(odd, { batches: [items(20, ODD)] })),
    units: units(1, false),
  }),
  "float32, an odd number of samples": bundleFloatEncoder(odd),
};
const each = Object.entries(bundles);
const limits = { memoryBytes: 2 ** 18, products: 2 ** 20 };

/** Whether `readBundle` takes it. */
function isTaken(bundle: Uint8Array): boolean {
  try {
    readBundle(bundle, limits);
    return true;
  } catch (error) {
    expect(error).toMatchObject({ name: "IsthmusError" });
    return false;
  }
}

const expectAgreement = (bytes: Uint8Array): boolean => {
  const taken = isTaken(bytes);
  if (kernelsTake(bytes, limits.memoryBytes, limits.products) !== taken)
    expect.fail(
      `readBundle ${taken ? "takes" : "refuses"} a bundle, and the kernels do not: ${Buffer.from(bytes).toString("base64")}`,
    );
  return taken;
};

test.each(each)("the kernels take what readBundle takes, where one byte is another: %s", (_, bundle) => {
  expect(expectAgreement(bundle)).toBe(true);
  const counts = { taken: 0, refused: 0 };
  const constants = bundle.length - readBundle(bundle).plan.constants.length;
  const step = Math.ceil(constants / 1500);
  for (let at = 0; at < bundle.length; at += at < constants ? step : 37) {
    for (const value of [0, 1, 0x7f, 0x80, 0xff, bundle[at]! ^ 4, bundle[at]! + 1]) {
      const bytes = bundle.slice();
      bytes[at] = value;
      // Sums can be made anew where the directory still says where sections are.
      const isWhole = at >= 8 && (at < 44 || at >= 44 + 12 * bundle[3]!);
      counts[expectAgreement(isWhole ? repaired(bytes) : bytes) ? "taken" : "refused"]++;
    }
  }
  expect(counts.taken).toBeGreaterThan(300);
  expect(counts.refused).toBeGreaterThan(300);
});

test.each(each)("the kernels take what readBundle takes, where words of the plan are others: %s", (_, bundle) => {
  const counts = { taken: 0, refused: 0 };
  const { plan } = readBundle(bundle);
  const head = bundle.length - plan.constants.length - 4 * (11 + 26 * plan.calls.length);
  const word = fc.oneof(
    fc.constantFrom(-4, -1, 1, 4, 16).map((by) => ({ by })),
    fc
      .oneof(fc.constantFrom(0, 1, 4, -1, 128, 2 ** 15, 2 ** 16, 2 ** 30, -(2 ** 31), 2 ** 31 - 1), fc.nat(22))
      .map((to) => ({ to })),
  );
  const change = fc.tuple(fc.nat(10 + 26 * plan.calls.length), word);
  fc.assert(
    fc.property(fc.array(change, { minLength: 1, maxLength: 4 }), (changes) => {
      const bytes = bundle.slice();
      const view = new DataView(bytes.buffer);
      for (const [index, to] of changes) {
        const at = head + 4 * index;
        view.setInt32(at, "to" in to ? to.to : view.getInt32(at, true) + to.by, true);
      }
      counts[expectAgreement(repaired(bytes)) ? "taken" : "refused"]++;
    }),
    { numRuns: 3000 },
  );
  expect(counts.taken).toBeGreaterThan(20);
  expect(counts.refused).toBeGreaterThan(300);
});

test.each(each)("the kernels take what readBundle takes, where words of the constants are others: %s", (_, bundle) => {
  const counts = { taken: 0, refused: 0 };
  const { constants } = readBundle(bundle).plan;
  const first = bundle.length - constants.length;
  // As float32 the last four are NaN, an infinity, a denormal below 0 and -0.
  const values = [
    0,
    1,
    -1,
    17,
    62,
    63,
    2 ** 30,
    2 ** 30 + 1,
    -(2 ** 30),
    0x7fc00000,
    0x7f800000,
    -0x7fffffff,
    -0x80000000,
  ];
  const step = 4 * Math.ceil(constants.length / 1000);
  const places = [
    ...gridOf(bundle),
    ...Array.from({ length: Math.floor(constants.length / step) }, (_, i) => step * i),
  ];
  for (const at of places) {
    for (const value of values) {
      const bytes = bundle.slice();
      new DataView(bytes.buffer).setInt32(first + at, value, true);
      counts[expectAgreement(repaired(bytes)) ? "taken" : "refused"]++;
    }
  }
  expect(counts.taken).toBeGreaterThan(100);
  expect(counts.refused).toBeGreaterThan(5);
});

/** Where the constants of a plan in floats have steps and offsets. */
function gridOf(bundle: Uint8Array): number[] {
  const [output] = readBundle(bundle).plan.outputs as readonly Partial<FloatOutput>[];
  const { grid, channels = 0 } = output!;
  return Array.from({ length: 2 * channels }, (_, i) => grid! + 4 * i);
}

test.each(each)("the kernels take what readBundle takes, of a bundle that is cut: %s", (_, bundle) => {
  for (let length = 0; length < bundle.length; length += length < 300 ? 1 : 211)
    expect(expectAgreement(bundle.slice(0, length))).toBe(false);
});

const limit = readBundle(int8);
test.each([
  [
    "memory",
    { memoryBytes: limit.plan.memoryBytes, products: 2 ** 32 },
    { memoryBytes: limit.plan.memoryBytes - 1, products: 2 ** 32 },
  ],
])("the kernels hold to a limit of %s", (_, enough, less) => {
  expect(kernelsTake(int8, enough.memoryBytes, enough.products)).toBe(true);
  expect(kernelsTake(int8, less.memoryBytes, less.products)).toBe(false);
});

test("the kernels hold to a limit of products, to the product", () => {
  let [least, most] = [0, 2 ** 32];
  while (most - least > 1) {
    const middle = Math.floor((least + most) / 2);
    if (kernelsTake(int8, 2 ** 26, middle)) most = middle;
    else least = middle;
  }
  expect(() => readBundle(int8, { products: least })).toThrow("products for an item");
  expect(readBundle(int8, { products: most })).toEqual(limit);
});

const number = fc.oneof(
  { weight: 12, arbitrary: fc.double({ min: -4, max: 4, noNaN: true }) },
  { weight: 2, arbitrary: fc.double({ min: -1e9, max: 1e9, noNaN: true }) },
  { weight: 1, arbitrary: fc.constantFrom(0, -0, 1e-40, 3e38, -3e38) },
);
/** A few of them are none that a network can be given. */
const holes = fc.array(fc.tuple(fc.nat(), fc.constantFrom(Number.NaN, Number.POSITIVE_INFINITY)), { maxLength: 2 });

const forms: readonly (readonly [string, (samples: readonly number[]) => Samples])[] = [
  ["float32", (samples) => Float32Array.from(samples)],
  ["float64", (samples) => Float64Array.from(samples)],
  ["numbers", (samples) => samples],
  ["bytes", (samples) => Uint8Array.from(samples, (x) => 40 * x)],
  ["clamped bytes", (samples) => Uint8ClampedArray.from(samples, (x) => 40 * x)],
  ["int16", (samples) => Int16Array.from(samples)],
];

const framesOf = (encode: (samples: Samples) => Uint8Array, samples: Samples): string => {
  try {
    return Buffer.from(encode(samples)).toString("hex");
  } catch (error) {
    const { name, message, code } = error as Error & { code?: string };
    return `${name} ${code} ${message}`;
  }
};

test.each(each)("frames are those of plain JavaScript, and so is what is refused: %s", async (_, bundle) => {
  const inKernels = await loadEncoder(bundle, { kernels: "wasm" });
  const inJavascript = javascriptEncoder(bundle);
  expect(inKernels.kernels).toBe("wasm");
  expect(inKernels.modelId).toEqual(inJavascript.modelId);
  const { itemLength } = inKernels;
  const seen = new Set<string>();
  const sizes = fc.array(number, { minLength: itemLength, maxLength: itemLength });
  const many = fc.array(sizes, { minLength: 1, maxLength: itemLength > 100 ? 2 : 5 }).map((all) => all.flat());
  fc.assert(
    fc.property(
      many,
      fc.oneof({ weight: 3, arbitrary: fc.constant([]) }, holes),
      fc.constantFrom(...forms),
      (samples, put, [form, of]) => {
        const given = [...samples];
        for (const [at, value] of put) given[at % given.length] = value;
        const found = framesOf(inKernels.encode, of(given));
        expect(found, form).toBe(framesOf(inJavascript.encode, of(given)));
        seen.add(found.split(" ")[0]!.slice(0, 4));
      },
    ),
    { numRuns: 400 },
  );
  expect(seen.size).toBeGreaterThan(1);
});

test.each(each)("packets are those of plain JavaScript: %s", async (_, bundle) => {
  const both = [await loadEncoder(bundle, { kernels: "wasm" }), javascriptEncoder(bundle)];
  const x = items(20, both[0]!.itemLength, 5);
  const [inKernels, inJavascript] = both.map((encoder) => {
    const { hello, encode } = encoder.openSession({ session: 9 });
    return [hello(), ...encode(x.subarray(0, encoder.itemLength)), ...encode(x)].map((packet) =>
      Buffer.from(packet).toString("hex"),
    );
  });
  expect(inKernels).toEqual(inJavascript);
});
