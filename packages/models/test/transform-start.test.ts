/** A codec begun as principal components of blocks: it inverts itself, its codes are uncorrelated and the prior knows them. */
import { expect, it } from "vitest";
import { initialise } from "@isthmus/graph";
import { dataMoments, ndArray, principalComponents } from "@isthmus/math";
import { learnedCodec, type LearnedCodecConfig, type ModelDefinition, transformStart } from "../src/index.ts";
import { run, type State } from "./support/vae-family.ts";

const COUNT = 300;
const SHAPE = [8, 4, 2] as const;
const FEATURES = 64;

/** Waves of random phase and some noise: neighbours are alike, as in pictures. */
function pictures(): Float32Array {
  const values = new Float32Array(COUNT * FEATURES);
  const noise = initialise({ noise: { shape: [COUNT, FEATURES + 3], init: { kind: "uniform", limit: 1 } } }, 7);
  for (let item = 0; item < COUNT; item++) {
    const u = noise["noise"]!.subarray(item * (FEATURES + 3));
    for (let i = 0; i < FEATURES; i++) {
      const [y, x, c] = [Math.floor(i / 8), Math.floor(i / 2) % 4, i % 2];
      values[item * FEATURES + i] = 0.5 + 0.3 * Math.sin(u[64]! * 3 + (u[65]! * y + u[66]! * x) / 2 + c) + 0.02 * u[i]!;
    }
  }
  return values;
}

const config = {
  ...{ inputShape: SHAPE, latent: 32, gdn: true, lambda: 400 },
  trunk: { kind: "conv", channels: [11], kernel: 4, stride: 2, hidden: [] },
} as const;

const items = pictures();

/** GDN that does nothing, so that what is left is the transform. */
function stateOf(definition: ModelDefinition<LearnedCodecConfig>): State {
  const state = initialise(definition.parameters, 1);
  for (const [name, { data }] of Object.entries(transformStart(definition, items))) state[name] = data as Float32Array;
  for (const name of Object.keys(state)) if (name.endsWith(".gdn.gamma")) state[name]!.fill(2 ** -18);
  return state as unknown as State;
}

const codesOf = (definition: ModelDefinition<LearnedCodecConfig>, state: State) =>
  run(definition.encoder, { x: Float64Array.from(items) }, state, COUNT)["z"]!.data;

it.each([4, 5, 6])("comes back from its own codes, with kernels of %d", (kernel) => {
  const definition = learnedCodec({ ...config, trunk: { ...config.trunk, kernel } });
  const state = stateOf(definition);
  const z = codesOf(definition, state);
  const back = run(definition.decoder, { z }, state, COUNT)["reconstruction"]!.data;
  // Tensors are float32: 64 of them add up, times codes of some hundred bins of a hundredth.
  back.forEach((value, i) => expect(Math.abs(value - items[i]!)).toBeLessThan(2e-5));
});

it("has codes that are the principal components of blocks, in bins, and a prior as wide", () => {
  const definition = learnedCodec(config);
  const state = stateOf(definition);
  const codes = dataMoments(ndArray([COUNT * 2, 32], Float64Array.from(codesOf(definition, state)))).covariance.data;
  // Of blocks of 4 x 4, cut out here pixel by pixel.
  const blocks = new Float64Array(COUNT * FEATURES);
  for (let at = 0; at < blocks.length; at++) {
    const [block, i] = [Math.floor(at / 32), at % 32];
    const [y, x] = [(block % 2) * 4 + Math.floor(i / 8), Math.floor(i / 2) % 4];
    blocks[at] = items[Math.floor(block / 2) * FEATURES + (y * 4 + x) * 2 + (i % 2)]!;
  }
  const { variances } = principalComponents(dataMoments(ndArray([COUNT * 2, 32], blocks)), 32);
  const step = Math.sqrt(6 / (400 * Math.LN2));
  // Of 11 channels 8 are used: one orthonormal basis after the other spans what one of all 32 does.
  for (let a = 0; a < 32; a++) {
    const variance = variances[a]! / step ** 2;
    expect(Math.abs(codes[a * 33]! - variance)).toBeLessThan(1e-5 * (variances[0]! / step ** 2));
    for (let b = 0; b < a; b++) {
      expect(Math.abs(codes[a * 32 + b]!)).toBeLessThan(1e-5 * (variances[0]! / step ** 2));
    }
    const scales = [0, 1, 2].map((k) => 2 * Math.exp(state["prior.logScales"]![3 * a + k]!));
    const spread = scales.reduce((sum, s) => sum + (s ** 2 * Math.PI ** 2) / 9, 0);
    // The least scale widens channels of less than half a bin.
    if (variance > 0.25) expect(spread / variance).toBeCloseTo((Math.PI ** 2 / 9) * 0.9425, 3);
  }
});

it("leaves what the components do not need as it was drawn, by the seed", () => {
  const definition = learnedCodec(config);
  const [one, same, other] = [
    transformStart(definition, items, 1),
    transformStart(definition, items),
    transformStart(definition, items, 2),
  ];
  const drawn = initialise(definition.parameters, 1)["encoder.conv0.kernel"]!;
  const kernel = one["encoder.conv0.kernel"]!.data as Float32Array;
  const spare = [...kernel.keys()].filter((i) => i % 11 >= 8);
  expect(spare.map((i) => kernel[i])).toEqual(spare.map((i) => drawn[i]));
  expect(same).toEqual(one);
  expect(other["encoder.conv0.kernel"]).not.toEqual(one["encoder.conv0.kernel"]);
  expect(other["prior.logScales"]).toEqual(one["prior.logScales"]);
});

it("refuses what it cannot begin, naming it", () => {
  const start = (changed: Partial<Parameters<typeof learnedCodec>[0]>, given = items) =>
    transformStart(learnedCodec({ ...config, ...changed } as Parameters<typeof learnedCodec>[0]), given);
  expect(() => start({ gdn: false })).toThrow(/"definition" expected convolutions with GDN/);
  expect(() => start({ trunk: { kind: "dense", hidden: [4] } })).toThrow(/"definition" expected convolutions/);
  expect(() => start({ trunk: { ...config.trunk, kernel: 1 } })).toThrow(
    /"trunk.kernel" expected at least the stride 2, got 1/,
  );
  expect(() => start({ inputShape: [6, 4, 2] })).toThrow(
    /"inputShape" expected multiples of 4 pixels, got \[6, 4, 2\]/,
  );
  expect(() => start({ latent: 33 })).toThrow(/"latent" expected at most 32, the components of a block, got 33/);
  expect(() => start({}, items.subarray(1))).toThrow(/"items" expected a multiple of 64 numbers/);
  expect(() => start({}, new Float32Array(0))).toThrow(/"items" expected a multiple of 64 numbers, got 0/);
});
