/** Convolutions and pools against float64 loops, for shapes around tile edges and windows that hang over the image. */
import { ACTIVATIONS, WINDOW_FIELDS, type KernelExports, type WindowField } from "@isthmus/kernels";
import fc from "fast-check";
import { beforeAll, describe, expect, it } from "vitest";
import { BUILDS, EPS, noise, openArena, type Arena } from "./support.ts";

type Window = Readonly<Record<WindowField, number>>;

const fieldsOf = (w: Window): readonly number[] => WINDOW_FIELDS.map((field) => w[field]);

interface Sizes {
  readonly x: number;
  readonly y: number;
  readonly filter: number;
}

const dense = (w: Window): Sizes => ({
  x: w.batch * w.height * w.width * w.channels,
  y: w.batch * w.yHeight * w.yWidth * w.yChannels,
  filter: w.rows * w.columns * w.channels * w.yChannels,
});
const channelwise = (w: Window): Sizes => ({ ...dense(w), filter: w.rows * w.columns * w.channels });

/** Calls `visit` for every element of every window that lies inside the image: place in y, place in x, tap. */
function eachTap(w: Window, visit: (y: number, x: number, tap: number) => void): void {
  for (let b = 0; b < w.batch; b++)
    for (let oy = 0; oy < w.yHeight; oy++)
      for (let ox = 0; ox < w.yWidth; ox++)
        for (let tap = 0; tap < w.rows * w.columns; tap++) {
          const iy = oy * w.rowStride + Math.floor(tap / w.columns) * w.rowDilation - w.top;
          const ix = ox * w.columnStride + (tap % w.columns) * w.columnDilation - w.left;
          if (iy < 0 || iy >= w.height || ix < 0 || ix >= w.width) continue;
          visit((b * w.yHeight + oy) * w.yWidth + ox, (b * w.height + iy) * w.width + ix, tap);
        }
}

/** Indices of x, filter and y of every term of a convolution. */
function eachTerm(w: Window, depthwise: boolean, visit: (x: number, filter: number, y: number) => void): void {
  eachTap(w, (y, x, tap) => {
    for (let c = 0; c < w.channels; c++) {
      if (depthwise) visit(x * w.channels + c, tap * w.channels + c, y * w.channels + c);
      else
        for (let o = 0; o < w.yChannels; o++)
          visit(x * w.channels + c, (tap * w.channels + c) * w.yChannels + o, y * w.yChannels + o);
    }
  });
}

/** A result with the sum of its terms' magnitudes and their number. */
class Sums {
  readonly value: Float64Array;
  readonly size: Float64Array;
  readonly terms: Float64Array;

  constructor(n: number, bias?: ArrayLike<number>) {
    this.value = Float64Array.from({ length: n }, (_, i) => (bias ? bias[i % bias.length]! : 0));
    this.size = this.value.map(Math.abs);
    this.terms = new Float64Array(n).fill(2);
  }

  add(i: number, term: number): void {
    this.value[i]! += term;
    this.size[i]! += Math.abs(term);
    this.terms[i]!++;
  }

  /** Each product and each addition is rounded once; padding and the edges of tiles add zeros, which do not round. */
  expect(actual: Float32Array): void {
    if (actual.length !== this.value.length) expect.fail(`got ${actual.length} elements`);
    for (let i = 0; i < actual.length; i++) {
      const tolerance = (this.terms[i]! + 2) * EPS * this.size[i]! + 2 ** -149;
      if (!(Math.abs(actual[i]! - this.value[i]!) <= tolerance)) {
        expect.fail(`element ${i}: got ${actual[i]}, expected ${this.value[i]} within ${tolerance}`);
      }
    }
  }
}

const small = fc.integer({ min: 1, max: 3 });
/** Some of them enough for images to be convolved together. */
const batches = fc.oneof(small, fc.integer({ min: 4, max: 17 }));
const channels = fc.oneof(fc.integer({ min: 1, max: 9 }), fc.constantFrom(12, 15, 16, 17, 32, 33, 64));
const pad = fc.integer({ min: 0, max: 3 });

interface Axis {
  readonly size: number;
  readonly window: number;
  readonly stride: number;
  readonly dilation: number;
  readonly before: number;
  readonly after: number;
}
const axis: fc.Arbitrary<Axis> = fc
  .record({
    size: fc.integer({ min: 1, max: 9 }),
    window: fc.integer({ min: 1, max: 4 }),
    stride: small,
    dilation: small,
    before: pad,
    after: pad,
  })
  .filter(({ size, window, dilation, before, after }) => size + before + after > (window - 1) * dilation);

const identity: Axis = { size: 1, window: 3, stride: 1, dilation: 1, before: 1, after: 1 };

const places = ({ size, window, stride, dilation, before, after }: Axis): number =>
  Math.floor((size + before + after - (window - 1) * dilation - 1) / stride) + 1;

const windowOf = (batch: number, rows: Axis, columns: Axis, inputs: number, outputs: number): Window => ({
  ...{ batch, height: rows.size, width: columns.size, channels: inputs },
  ...{ yHeight: places(rows), yWidth: places(columns), yChannels: outputs },
  ...{ rows: rows.window, columns: columns.window, rowStride: rows.stride, columnStride: columns.stride },
  ...{ rowDilation: rows.dilation, columnDilation: columns.dilation, top: rows.before, left: columns.before },
});

const convolution = fc.tuple(batches, axis, axis, channels, channels).map((parts) => windowOf(...parts));
const ofChannels = fc
  .tuple(small, axis, axis, channels)
  .map(([b, rows, columns, n]) => windowOf(b, rows, columns, n, n));
const narrow = axis.map((one) => ({
  ...one,
  dilation: 1,
  before: Math.min(one.before, one.window - 1),
  after: Math.min(one.after, one.window - 1),
}));
const pool = fc
  .tuple(small, narrow, narrow, channels)
  .filter(([, rows, columns]) => places(rows) > 0 && places(columns) > 0)
  .map(([b, rows, columns, n]) => windowOf(b, rows, columns, n, n));

/** By hand: more patches, filter elements and channels than one block holds. */
const blocks: readonly Window[] = [
  windowOf(
    3,
    { size: 15, window: 4, stride: 2, dilation: 1, before: 1, after: 2 },
    { size: 16, window: 3, stride: 1, dilation: 1, before: 1, after: 1 },
    33,
    17,
  ),
  windowOf(
    2,
    { size: 5, window: 3, stride: 1, dilation: 1, before: 1, after: 1 },
    { size: 4, window: 3, stride: 1, dilation: 1, before: 1, after: 1 },
    9,
    410,
  ),
  windowOf(
    1,
    { size: 3, window: 2, stride: 1, dilation: 2, before: 1, after: 1 },
    { size: 3, window: 2, stride: 1, dilation: 2, before: 1, after: 1 },
    140,
    300,
  ),
];

/** Memory for one kernel call: everything uninitialised is NaN. */
class Call {
  readonly arena: Arena;
  readonly window: number;
  readonly kernels: KernelExports;

  constructor(arena: Arena, w: Window) {
    this.arena = arena;
    this.kernels = arena.kernels.exports;
    this.window = arena.words(Uint32Array.from(fieldsOf(w)));
  }

  result(n: number): number {
    return this.arena.floats(new Float32Array(n).fill(NaN));
  }

  scratch(bytes: number): number {
    return this.arena.bytes(new Uint8Array(bytes).fill(0xff));
  }

  read(address: number, n: number): Float32Array {
    const values = this.arena.read(address, n);
    this.arena.release();
    return values;
  }
}

function checkForward(arena: Arena, w: Window, biased: boolean, seed: number): void {
  const n = dense(w);
  const [x, filter, bias] = [
    noise(n.x, seed),
    noise(n.filter, seed + 1),
    biased ? noise(w.yChannels, seed + 2) : undefined,
  ];
  const call = new Call(arena, w);
  const y = call.result(n.y);
  const scratch = call.scratch(call.kernels.conv2dScratch(...fieldsOf(w)));
  call.kernels.conv2d(call.window, arena.floats(x), arena.floats(filter), y, bias ? arena.floats(bias) : 0, 0, scratch);
  const sums = new Sums(n.y, bias);
  eachTerm(w, false, (i, j, k) => sums.add(k, x[i]! * filter[j]!));
  sums.expect(call.read(y, n.y));
}

function checkInputGrad(arena: Arena, w: Window, biased: boolean, seed: number): void {
  const n = dense(w);
  const [g, filter, bias] = [
    noise(n.y, seed),
    noise(n.filter, seed + 1),
    biased ? noise(w.channels, seed + 2) : undefined,
  ];
  const call = new Call(arena, w);
  const x = call.result(n.x);
  const scratch = call.scratch(call.kernels.conv2dInputGradScratch(...fieldsOf(w)));
  call.kernels.conv2dInputGrad(
    call.window,
    arena.floats(g),
    arena.floats(filter),
    x,
    bias ? arena.floats(bias) : 0,
    0,
    scratch,
  );
  const sums = new Sums(n.x, bias);
  eachTerm(w, false, (i, j, k) => sums.add(i, g[k]! * filter[j]!));
  sums.expect(call.read(x, n.x));
}

function checkFilterGrad(arena: Arena, w: Window, seed: number): void {
  const n = dense(w);
  const [x, g] = [noise(n.x, seed), noise(n.y, seed + 1)];
  const call = new Call(arena, w);
  const filter = call.result(n.filter);
  const scratch = call.scratch(call.kernels.conv2dFilterGradScratch(...fieldsOf(w)));
  call.kernels.conv2dFilterGrad(call.window, arena.floats(x), arena.floats(g), filter, scratch);
  const sums = new Sums(n.filter);
  eachTerm(w, false, (i, j, k) => sums.add(j, x[i]! * g[k]!));
  sums.expect(call.read(filter, n.filter));
}

/** Elements of x in each window with the place of the first of the largest. */
function winners(w: Window, x: Float32Array): Int32Array {
  const best = new Int32Array(channelwise(w).y).fill(-1);
  eachTap(w, (y, at) => {
    for (let c = 0; c < w.channels; c++) {
      const [to, from] = [y * w.channels + c, at * w.channels + c];
      if (best[to]! < 0 || x[from]! > x[best[to]!]!) best[to] = from;
    }
  });
  return best;
}

/** A property of the kernels for 150 windows, a flag and a seed. */
function forAll(of: fc.Arbitrary<Window>, check: (w: Window, flag: boolean, seed: number) => void): void {
  fc.assert(fc.property(of, fc.boolean(), fc.integer(), check), { numRuns: 150 });
}

describe.each(BUILDS)("$build", ({ build, missing }) => {
  let arena: Arena;
  beforeAll(async () => {
    if (!missing) arena = await openArena(build);
  });

  it.skipIf(missing)("conv2d is the float64 convolution", () => {
    forAll(convolution, (w, biased, seed) => checkForward(arena, w, biased, seed));
  });
  it.skipIf(missing)("conv2dInputGrad is its transpose", () => {
    forAll(convolution, (w, biased, seed) => checkInputGrad(arena, w, biased, seed));
  });
  it.skipIf(missing)("conv2dFilterGrad is its derivative by the filter", () => {
    forAll(convolution, (w, _, seed) => checkFilterGrad(arena, w, seed));
  });

  it.skipIf(missing)("the three are right for more than a block of everything", () => {
    for (const w of blocks) {
      checkForward(arena, w, true, 1);
      checkInputGrad(arena, w, true, 2);
      checkFilterGrad(arena, w, 3);
    }
  });

  it.skipIf(missing)("images too large to lie side by side want no more room than one", () => {
    const { conv2dScratch, conv2dInputGradScratch, conv2dFilterGradScratch } = arena.kernels.exports;
    const size = 2 ** 12;
    const large = windowOf(64, { ...identity, size }, { ...identity, size }, 16, 16);
    const one = { ...large, batch: 1 };
    expect(conv2dScratch(...fieldsOf(large))).toBe(conv2dScratch(...fieldsOf(one)));
    expect(conv2dInputGradScratch(...fieldsOf(large))).toBe(conv2dInputGradScratch(...fieldsOf(one)));
    expect(conv2dFilterGradScratch(...fieldsOf({ ...large, batch: 8 }))).toBe(
      conv2dFilterGradScratch(...fieldsOf(one)),
    );
  });

  it.skipIf(missing).each([17, 32])("activations are the elementwise kernels' own bits, %i channels", (yChannels) => {
    const w = { ...blocks[0]!, yChannels };
    const n = dense(w);
    const { exports } = arena.kernels;
    const runs = [
      { kernel: exports.conv2d, bytes: exports.conv2dScratch, from: n.x, to: n.y },
      { kernel: exports.conv2dInputGrad, bytes: exports.conv2dInputGradScratch, from: n.y, to: n.x },
    ];
    for (const { kernel, bytes, from, to } of runs) {
      const run = (activation: number): Float32Array => {
        const call = new Call(arena, w);
        const result = call.result(to);
        const scratch = call.scratch(bytes(...fieldsOf(w)));
        kernel(
          call.window,
          arena.floats(noise(from, 1)),
          arena.floats(noise(n.filter, 2)),
          result,
          0,
          activation,
          scratch,
        );
        return call.read(result, to);
      };
      const plain = arena.floats(run(ACTIVATIONS.none));
      exports.sigmoid(plain, plain, to);
      const expected = arena.read(plain, to);
      arena.release();
      expect(run(ACTIVATIONS.sigmoid)).toEqual(expected);
    }
  });

  it.skipIf(missing)("depthwiseConv2d is the float64 convolution of each channel", () => {
    forAll(ofChannels, (w, biased, seed) => {
      const n = channelwise(w);
      const [x, filter, bias] = [
        noise(n.x, seed),
        noise(n.filter, seed + 1),
        biased ? noise(w.channels, seed + 2) : undefined,
      ];
      const call = new Call(arena, w);
      const y = call.result(n.y);
      call.kernels.depthwiseConv2d(
        call.window,
        arena.floats(x),
        arena.floats(filter),
        y,
        bias ? arena.floats(bias) : 0,
        0,
      );
      const sums = new Sums(n.y, bias);
      eachTerm(w, true, (i, j, k) => sums.add(k, x[i]! * filter[j]!));
      sums.expect(call.read(y, n.y));
    });
  });

  it.skipIf(missing)("its gradients are its transposes", () => {
    forAll(ofChannels, (w, _, seed) => {
      const n = channelwise(w);
      const [x, filter, g] = [noise(n.x, seed), noise(n.filter, seed + 1), noise(n.y, seed + 2)];
      const call = new Call(arena, w);
      const [dx, df] = [call.result(n.x), call.result(n.filter)];
      const gAt = arena.floats(g);
      call.kernels.depthwiseConv2dInputGrad(call.window, gAt, arena.floats(filter), dx);
      call.kernels.depthwiseConv2dFilterGrad(call.window, arena.floats(x), gAt, df);
      const [byInput, byFilter] = [new Sums(n.x), new Sums(n.filter)];
      eachTerm(w, true, (i, j, k) => {
        byInput.add(i, g[k]! * filter[j]!);
        byFilter.add(j, g[k]! * x[i]!);
      });
      byInput.expect(arena.read(dx, n.x));
      byFilter.expect(call.read(df, n.filter));
    });
  });

  it.skipIf(missing)("maxPool2d and its gradients pick the first of the largest, also among negatives and ties", () => {
    forAll(pool, (w, ties, seed) => {
      const n = channelwise(w);
      const x = noise(n.x, seed).map((value) => (ties ? Math.round(2 * value) - 3 : value - 2));
      const [u, g] = [noise(n.x, seed + 1), noise(n.y, seed + 2)];
      const call = new Call(arena, w);
      const [y, picked, dx] = [call.result(n.y), call.result(n.y), call.result(n.x)];
      const xAt = arena.floats(x);
      call.kernels.maxPool2d(call.window, xAt, y);
      call.kernels.maxPool2dPick(call.window, xAt, arena.floats(u), picked);
      call.kernels.maxPool2dGrad(call.window, xAt, arena.floats(g), dx);
      const best = winners(w, x);
      expect(arena.read(y, n.y)).toEqual(Float32Array.from(best, (at) => x[at]!));
      expect(arena.read(picked, n.y)).toEqual(Float32Array.from(best, (at) => u[at]!));
      const sums = new Sums(n.x);
      best.forEach((at, i) => sums.add(at, g[i]!));
      sums.expect(call.read(dx, n.x));
    });
  });

  it.skipIf(missing)("avgPool2d is the mean of what lies inside, and its gradient shares", () => {
    forAll(pool, (w, _, seed) => {
      const n = channelwise(w);
      const [x, g] = [noise(n.x, seed), noise(n.y, seed + 1)];
      const members = new Float64Array(n.y);
      eachTap(w, (y) => {
        for (let c = 0; c < w.channels; c++) members[y * w.channels + c]!++;
      });
      const call = new Call(arena, w);
      const [y, dx] = [call.result(n.y), call.result(n.x)];
      call.kernels.avgPool2d(call.window, arena.floats(x), y);
      call.kernels.avgPool2dGrad(call.window, arena.floats(g), dx);
      const [means, shares] = [new Sums(n.y), new Sums(n.x)];
      eachTerm({ ...w }, true, (i, _tap, k) => {
        means.add(k, x[i]! / members[k]!);
        shares.add(i, g[k]! / members[k]!);
      });
      means.expect(arena.read(y, n.y));
      shares.expect(call.read(dx, n.x));
    });
  });

  it.skipIf(missing)("the greatest of a window with a NaN is NaN", () => {
    const w = windowOf(
      1,
      { size: 2, window: 2, stride: 1, dilation: 1, before: 0, after: 0 },
      { size: 2, window: 2, stride: 1, dilation: 1, before: 0, after: 0 },
      4,
      4,
    );
    const call = new Call(arena, w);
    const y = call.result(4);
    const x = [NaN, 1, 2, 3, 4, 5, 6, -Infinity, 8, NaN, 10, -Infinity, 12, 13, 14, -Infinity];
    call.kernels.maxPool2d(call.window, arena.floats(x), y);
    expect([...call.read(y, 4)]).toEqual([NaN, NaN, 14, 3]);
  });
});
