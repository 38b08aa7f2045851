/** The learned codec: its density, its rate and distortion, and that what is measured is what a stream would hold. */
import { interpret } from "@isthmus/graph";
import { describe, expect, it } from "vitest";
import { codeImage, learnedCodec, type LearnedCodecConfig, type ModelDefinition } from "../src/index.ts";
import { expectCentralDifferences } from "./support/central-differences.ts";
import { feeds, items, run, type State, stateOf, stepOf } from "./support/vae-family.ts";

const dense = { inputShape: [6], trunk: { kind: "dense", hidden: [5], activation: "tanh" }, latent: 3 } as const;
const layered = { kind: "conv", channels: [2, 3], kernel: 3, hidden: [4], activation: "tanh" } as const;
const spatial = { kind: "conv", channels: [2], kernel: 3, hidden: [], activation: "tanh" } as const;
const image = { inputShape: [5, 7, 2], latent: 3 } as const;

const definitions: readonly (readonly [string, ModelDefinition<LearnedCodecConfig>])[] = [
  ["dense", learnedCodec(dense)],
  ["dense, GDN, sigmoid", learnedCodec({ ...dense, gdn: true, output: "sigmoid" })],
  ["no hidden layer", learnedCodec({ ...dense, trunk: { kind: "dense", hidden: [] } })],
  ["two decoder layers", learnedCodec({ ...dense, decoder: { kind: "dense", hidden: [4, 6] } })],
  ["four qualities", learnedCodec({ ...dense, qualities: 4, lambda: 3 })],
  ["convolutions", learnedCodec({ ...image, trunk: layered, gdn: true })],
  ["a code that is an image", learnedCodec({ ...image, trunk: spatial, gdn: true })],
  ["a code that is an image, three qualities", learnedCodec({ ...image, trunk: spatial, qualities: 3 })],
  ["three streams, of which training loses some", learnedCodec({ ...dense, streams: 3, mask: 1 })],
  ["two qualities and streams", learnedCodec({ ...image, trunk: spatial, qualities: 2, streams: 2, mask: 0.8 })],
];

const sigmoid = (x: number): number => 1 / (1 + Math.exp(-x));

/** F of one channel, from the tensors as they are stored. */
function distribution(state: State, channel: number): (y: number) => number {
  const [logits, locations, logScales] = ["logits", "locations", "logScales"].map((name) =>
    Array.from(state[`prior.${name}`]!.slice(3 * channel, 3 * channel + 3)),
  );
  const total = logits!.reduce((sum, logit) => sum + Math.exp(logit), 0);
  return (y) =>
    logits!.reduce((sum, logit, k) => {
      const scale = 2 * Math.exp(logScales![k]!);
      return sum + (Math.exp(logit) / total) * sigmoid((y - locations![k]!) / scale);
    }, 0);
}

describe.each(definitions)("%s", (_, definition) => {
  const x = items(definition, 3);
  const state = stateOf(definition);
  const { qualities, latent, lambda } = definition.config;
  const quantisation = definition.quantisation!;
  const symbol = Float64Array.from({ length: 401 }, (_, i) => i - 200);
  const bins = run(quantisation.program, { symbol }, state, symbol.length);
  const z = run(definition.encoder, { x }, state, 3)["z"]!;
  const codeSize = z.shape[1]!;

  it("steps each parameter down its central difference on the first step of Adam", () => {
    const program = stepOf(definition);
    const given = { ...stateOf(definition, program.state) };
    const made = () => interpret(program, { inputs: feeds(definition, program, { x }), state: given, batch: 3 });
    const loss = () => made().outputs["loss"]!.data[0]!;
    const { updates } = made();
    for (const name of Object.keys(definition.parameters)) {
      // A lost channel is the prior's median, which is constant to training and moves with the prior.
      if (definition.config.streams > 1 && name.startsWith("prior.")) continue;
      const tensor = given[name]!;
      const moments = updates[`opt.adam.m.${name}`]!.data;
      expectCentralDifferences(tensor, [0, tensor.length - 1], loss, (index) => moments[index]! / 0.1);
    }
  });

  it("has the mass of each bin from the mixture's distribution function, about its median", () => {
    for (let channel = 0; channel < latent; channel++) {
      const F = distribution(state, channel);
      const offset = bins["offsets"]!.data[channel]!;
      // The last halving leaves 2^-24 of an interval of at most 2, and the density is at most 1 / (4 s), s > 0.7.
      expect(Math.abs(F(offset) - 0.5)).toBeLessThan(1e-7);
      for (let quality = 0; quality < qualities; quality++) {
        const column = quality * latent + channel;
        const step = bins["steps"]!.data[column]!;
        const masses = [...symbol.keys()].map((row) => bins["mass"]!.data[row * qualities * latent + column]!);
        masses.forEach((mass, row) => {
          const [low, high] = [-0.5, 0.5].map((end) => F(offset + step * (symbol[row]! + end)));
          // F itself is right to a few roundings of 1.
          expect(Math.abs(mass - (high! - low!))).toBeLessThan(1e-14);
        });
        expect(masses.reduce((sum, mass) => sum + mass)).toBeCloseTo(1, 9);
      }
    }
  });

  it("measures the rate and the error of what its encoder, bins and decoder make", () => {
    const { evaluation, decoder } = definition;
    const metrics = run(evaluation, feeds(definition, evaluation, { x }), state, 3);
    const objective = new Float64Array(3);
    for (let quality = 0; quality < qualities; quality++) {
      const rate = new Float64Array(3);
      const middles = z.data.map((y, i) => {
        const channel = i % latent;
        const [offset, step] = [bins["offsets"]!.data[channel]!, bins["steps"]!.data[quality * latent + channel]!];
        const index = Math.round((y - offset) / step);
        const row = index + 200;
        rate[Math.floor(i / codeSize)]! -= Math.log2(
          bins["mass"]!.data[(row * qualities + quality) * latent + channel]!,
        );
        return offset + step * index;
      });
      const back = run(decoder, { z: middles }, state, 3)["reconstruction"]!.data;
      const error = new Float64Array(3);
      back.forEach((value, i) => (error[Math.floor((i * 3) / back.length)]! += (value - x[i]!) ** 2));
      const suffix = qualities === 1 ? "" : String(quality);
      const span = quality === qualities - 1 ? 1 : 64 ** ((quality - qualities + 1) / (qualities - 1));
      for (let item = 0; item < 3; item++) {
        expect(metrics[`rate${suffix}`]!.data[item]!).toBeCloseTo(rate[item]!, 9);
        expect(metrics[`squaredError${suffix}`]!.data[item]!).toBeCloseTo(error[item]!, 9);
        objective[item]! += (rate[item]! + Math.fround(lambda * span) * error[item]!) / qualities;
      }
    }
    for (let item = 0; item < 3; item++) expect(metrics["objective"]!.data[item]!).toBeCloseTo(objective[item]!, 6);
    const last = qualities === 1 ? "" : String(qualities - 1);
    expect(metrics["rate"]!.data).toEqual(metrics[`rate${last}`]!.data);
  });

  it("gives coarser qualities wider bins, and codes of one shape", () => {
    const steps = bins["steps"]!.data;
    for (let i = latent; i < steps.length; i++) expect(steps[i]!).toBeLessThan(steps[i - latent]!);
    expect([...steps.slice(-latent)]).toEqual(new Array<number>(latent).fill(1));
    expect(codeSize % quantisation.channels).toBe(0);
    const drawn = run(definition.prior!, feeds(definition, definition.prior!, { x }), state, 3)["z"]!;
    expect(drawn.shape).toEqual([3, codeSize]);
  });
});

it("draws from its prior what the prior's distribution function says, blurred by a bin", () => {
  const definition = learnedCodec({ ...dense, latent: 1 });
  const state = stateOf(definition);
  const count = 20_000;
  const { data } = run(
    definition.prior!,
    feeds(definition, definition.prior!, { x: items(definition, 1) }),
    state,
    count,
  )["z"]!;
  const F = distribution(state, 0);
  // The mean of F over a bin, by Simpson's rule.
  const blurred = (y: number): number => (F(y - 0.5) + 4 * F(y) + F(y + 0.5)) / 6;
  const sorted = [...data].sort((a, b) => a - b);
  const distance = Math.max(...sorted.map((y, i) => Math.abs(blurred(y) - (i + 0.5) / count)));
  // Kolmogorov and Smirnov: above 1.95 / sqrt(n) once in a thousand; Simpson's rule adds less than 1e-3.
  expect(distance).toBeLessThan(1.95 / Math.sqrt(count) + 1e-3);
});

it("draws every quality in training, each with its bins and its lambda, and weights it by one over its root", () => {
  const definition = learnedCodec({ ...dense, qualities: 2, lambda: 8, lambdaSpan: 4 });
  const { loss } = definition.phases[0]!;
  const x = items(definition, 1);
  // Of lambdas 2 and 8: 1 / sqrt(1 / 4) and 1, over their mean.
  const weights = [
    [2, 4 / 3],
    [8, 2 / 3],
  ] as const;
  const drawn = new Set<number>();
  for (let step = 0; step < 20; step++) {
    const made = run(loss, feeds(definition, loss, { x, step }), stateOf(definition), 1);
    const [total, rate, distortion] = ["loss", "rate", "distortion"].map((name) => made[name]!.data[0]!);
    // Weights are float32: half of one's last bit, 2^-24 of them.
    const [lambda] = weights.find(
      ([one, weight]) => Math.abs(total! / (weight * (rate! + one * distortion!)) - 1) < 2 ** -23,
    )!;
    drawn.add(lambda);
  }
  expect(drawn.size).toBe(2);
});

it("decodes each quality with its gains, from the medians on, in training, evaluation and draws alike", () => {
  const definition = learnedCodec({ ...dense, qualities: 2, lambda: 8, lambdaSpan: 4 });
  const x = items(definition, 3);
  // Weights are larger than they start, so that integers other than 0 come up.
  const state = stateOf(definition, definition.parameters, 4);
  const { latent } = definition.config;
  const gains = Float64Array.from({ length: 2 * latent }, (_, i) => 0.5 + i / 10);
  state["prior.logGains"] = gains.map(Math.log);
  const { program } = definition.quantisation!;
  const made = run(program, { symbol: Float64Array.of(0) }, state, 1);
  expect(made["gains"]!.shape).toEqual([2, latent]);
  made["gains"]!.data.forEach((gain, i) => expect(gain).toBeCloseTo(gains[i]!, 12));
  const [offsets, steps] = [made["offsets"]!.data, made["steps"]!.data];
  const z = run(definition.encoder, { x }, state, 3)["z"]!.data;
  const evaluated = run(definition.evaluation, feeds(definition, definition.evaluation, { x }), state, 3);
  for (const quality of [0, 1]) {
    const seen = z.map((y, i) => {
      const [channel, at] = [i % latent, quality * latent + (i % latent)];
      return offsets[channel]! + gains[at]! * steps[at]! * Math.round((y - offsets[channel]!) / steps[at]!);
    });
    expect(seen.some((value, i) => value !== offsets[i % latent])).toBe(true);
    const back = run(definition.decoder, { z: seen }, state, 3)["reconstruction"]!.data;
    const size = x.length / 3;
    for (let item = 0; item < 3; item++) {
      let error = 0;
      for (let i = item * size; i < (item + 1) * size; i++) error += (x[i]! - back[i]!) ** 2;
      expect(evaluated[`squaredError${quality}`]!.data[item]!).toBeCloseTo(error, 10);
    }
  }
});

describe("a decoder trained on rounded codes", () => {
  const linear = { inputShape: [6], trunk: { kind: "dense", hidden: [] }, latent: 3, decodes: "rounded" } as const;
  /** Weights are larger than they start, so that integers other than 0 come up. */
  const stateFor = (definition: ModelDefinition<LearnedCodecConfig>, spec = definition.parameters) =>
    stateOf(definition, spec, 4);

  it.each([
    ["one quality", learnedCodec({ ...dense, decodes: "rounded" })],
    ["two of the same lambda", learnedCodec({ ...dense, decodes: "rounded", qualities: 2, lambdaSpan: 1 })],
    ["a code that is an image", learnedCodec({ ...image, trunk: spatial, gdn: true, decodes: "rounded" })],
  ])("has in training the squared error of its evaluation: %s", (_, definition) => {
    const x = items(definition, 3);
    const state = stateFor(definition);
    const [{ loss }] = definition.phases as [ModelDefinition["phases"][number]];
    const trained = run(loss, feeds(definition, loss, { x }), state, 3);
    const { evaluation } = definition;
    const measured = run(evaluation, feeds(definition, evaluation, { x }), state, 3)["squaredError"]!.data;
    expect(trained["distortion"]!.data[0]!).toBeCloseTo((measured[0]! + measured[1]! + measured[2]!) / 3, 10);
    const noisy = learnedCodec({ ...definition.config, decodes: "noisy" });
    const other = run(noisy.phases[0]!.loss, feeds(noisy, loss, { x }), state, 3);
    expect(other["rate"]!.data).toEqual(trained["rate"]!.data);
    expect(Math.abs(other["distortion"]!.data[0]! - trained["distortion"]!.data[0]!)).toBeGreaterThan(1e-4);
  });

  it("steps the decoder down its central difference, and the encoder down the error's slope at the rounded code", () => {
    const gradients = (lambda: number) => {
      const definition = learnedCodec({ ...linear, lambda });
      const program = stepOf(definition);
      const x = items(definition, 3);
      const state = stateFor(definition, program.state);
      const made = () => interpret(program, { inputs: feeds(definition, program, { x }), state, batch: 3 });
      const { updates } = made();
      return {
        state,
        x,
        definition,
        loss: () => made().outputs["loss"]!.data[0]!,
        of: (name: string) => updates[`opt.adam.m.${name}`]!.data.map((m) => m / 0.1),
      };
    };
    const [one, five] = [gradients(1), gradients(5)];
    for (const name of ["decoder.output.kernel", "decoder.output.bias"]) {
      const found = five.of(name);
      expectCentralDifferences(five.state[name]!, [0, found.length - 1], five.loss, (index) => found[index]!);
    }
    // Four units of lambda apart, the gradients differ by four times the squared error's: mean over items of
    // 2 (x' - x) V, with x' from rounded codes. The code is 8 times what the layer puts out, and the decoder undoes it.
    const { state, x, definition } = one;
    const bins = run(definition.quantisation!.program, { symbol: Float64Array.of(0) }, state, 1)["offsets"]!.data;
    const z = run(definition.encoder, { x }, state, 3)["z"]!.data;
    const rounded = z.map((y, i) => bins[i % 3]! + Math.round(y - bins[i % 3]!));
    expect(rounded.some((y, i) => Math.abs(y - bins[i % 3]!) > 0.5)).toBe(true);
    const back = run(definition.decoder, { z: rounded }, state, 3)["reconstruction"]!.data;
    const weights = Object.entries(state).find(
      ([name, { length }]) => name.startsWith("decoder.output.") && length === 18,
    )![1];
    const bias = Object.keys(state).find((name) => name.startsWith("encoder.z.") && state[name]!.length === 3)!;
    const [low, high] = [one.of(bias), five.of(bias)];
    for (let channel = 0; channel < 3; channel++) {
      let slope = 0;
      back.forEach((value, i) => (slope += (2 * (value - x[i]!) * weights[channel * 6 + (i % 6)]!) / 3));
      expect((high[channel]! - low[channel]!) / 4).toBeCloseTo(slope, 8);
    }
  });
});

describe("streams", () => {
  /** Networks that put pixel c into channel c and back; a pixel of stream s is sqrt(2^s), its noise a thousandth. */
  function pixelwise(mask: number) {
    const definition = learnedCodec({
      ...{ inputShape: [6], trunk: { kind: "dense", hidden: [] }, latent: 6, lambda: 1, streams: 3, mask },
    });
    const diagonal = (gain: number) => Float64Array.from({ length: 36 }, (_, i) => (i % 7 === 0 ? gain : 0));
    const state = stateOf(definition);
    state["encoder.z.kernel"] = diagonal(100);
    state["decoder.output.kernel"] = diagonal(1 / 100);
    for (const bias of ["encoder.z.bias", "decoder.output.bias"]) state[bias] = new Float64Array(6);
    const x = Float32Array.from({ length: 6 }, (_, i) => Math.sqrt(2 ** (i >> 1)));
    return { definition, state, x };
  }

  /** How often which streams are lost, as a sum of 2^stream. */
  function losses(mask: number, steps: number): number[] {
    const { definition, state, x } = pixelwise(mask);
    const { loss } = definition.phases[0]!;
    const counts = new Array<number>(8).fill(0);
    for (let step = 0; step < steps; step++) {
      const { distortion } = run(loss, feeds(definition, loss, { x, step }), state, 1);
      // Two pixels of each stream; noise of half a bin and a median within 1 are below 0.002 of a pixel.
      const lost = distortion!.data[0]! / 2;
      expect(Math.abs(lost - Math.round(lost))).toBeLessThan(0.05);
      counts[Math.round(lost)]! += 1 / steps;
    }
    return counts;
  }

  it("are lost in training as often as is said, the last ones most often", () => {
    // Half of 0.6 over the suffixes {1, 2} and {2}, half over {0}, {1} and {2}.
    const expected = [0.4, 0.1, 0.1, 0, 0.25, 0, 0.15, 0];
    losses(0.6, 300).forEach((share, pattern) => {
      const p = expected[pattern]!;
      // Four standard deviations of a share of so many draws.
      expect(Math.abs(share - p)).toBeLessThanOrEqual(4 * Math.sqrt((p * (1 - p)) / 300));
    });
    expect(losses(0, 20)[0]!).toBeCloseTo(1, 9);
  });

  it("count their bits whether they are lost or not", () => {
    const [all, none] = [pixelwise(1), pixelwise(0)].map(({ definition, state, x }) => {
      const { loss } = definition.phases[0]!;
      return run(loss, feeds(definition, loss, { x }), state, 1)["rate"]!.data[0]!;
    });
    expect(all).toBe(none);
  });

  it("are measured one after the other, those that are lost being medians", () => {
    const definition = learnedCodec({ ...dense, latent: 5, streams: 3 });
    const [state, x] = [stateOf(definition), items(definition, 2)];
    const { evaluation, encoder, decoder } = definition;
    const metrics = run(evaluation, feeds(definition, evaluation, { x }), state, 2);
    const z = run(encoder, { x }, state, 2)["z"]!.data;
    const { data: offsets } = run(definition.quantisation!.program, { symbol: new Float64Array(1) }, state, 1)[
      "offsets"
    ]!;
    // Five channels in three streams begin at floor(5 / 3) and floor(10 / 3).
    [1, 3, 5].forEach((channels, stream) => {
      const code = z.map((y, i) => {
        const offset = offsets[i % 5]!;
        return i % 5 < channels ? offset + Math.round(y - offset) : offset;
      });
      const back = run(decoder, { z: code }, state, 2)["reconstruction"]!.data;
      const name = stream === 2 ? "psnr" : `psnrFirst${stream + 1}`;
      for (const item of [0, 1]) {
        const errors = [...back.slice(6 * item, 6 * item + 6)].map((value, i) => (value - x[6 * item + i]!) ** 2);
        const mean = errors.reduce((sum, error) => sum + error) / 6;
        expect(metrics[name]!.data[item]!).toBeCloseTo(-10 * Math.log10(mean), 6);
      }
    });
  });
});

describe("a code that is an image", () => {
  const config = (inputShape: readonly number[], layers: object) =>
    learnedCodec({ inputShape, trunk: { kind: "conv", channels: [4, 5], hidden: [], ...layers }, latent: 3 }).config;

  it("lies over its items by the strides, and looks beyond by half of what filters have beyond them", () => {
    // Three layers of 4 x 4 at stride 2: one pixel, of two, of four.
    expect(codeImage(config([32, 48, 1], {}))).toEqual({ height: 4, width: 6, reach: 1 + 2 + 4, hasInside: true });
    expect(codeImage(config([16, 48, 1], {}))).toEqual({ height: 2, width: 6, reach: 7, hasInside: false });
    // (5 - 2) / 2 rounded up.
    expect(codeImage(config([32, 32, 1], { kernel: 5 }))!.reach).toBe(2 + 4 + 8);
    expect(codeImage(config([9, 9, 1], { kernel: 1, stride: 3, channels: [2] }))).toEqual({
      ...{ height: 1, width: 1, reach: 0, hasInside: true },
    });
  });

  it("is none behind dense layers, or where strides do not divide its items", () => {
    expect(codeImage(config([32, 32, 1], { hidden: [4] }))).toBeUndefined();
    expect(codeImage(config([32, 20, 1], {}))).toBeUndefined();
    expect(codeImage(learnedCodec().config)).toBeUndefined();
  });

  it("is made by the same parameters whatever its size", () => {
    const shapes = [
      [32, 32, 1],
      [64, 96, 1],
    ].map((inputShape) => {
      const { parameters } = learnedCodec({ ...config(inputShape, {}), gdn: true });
      return Object.entries(parameters).map(([name, { shape }]) => [name, shape]);
    });
    expect(shapes[0]).toEqual(shapes[1]);
  });
});

describe("configuration", () => {
  it("refuses what a codec has no use for", () => {
    for (const likelihood of [{ kind: "bernoulli" }, { kind: "gaussian", variance: "shared" }] as const) {
      expect(() => learnedCodec({ likelihood })).toThrow('"likelihood" expected gaussian of a fixed variance');
    }
    expect(() => learnedCodec({ ...image, trunk: spatial, decoder: spatial })).toThrow('"decoder" expected none');
    expect(() => learnedCodec({ lambda: 0 })).toThrow('"lambda" expected a number from 1e-9');
    expect(() => learnedCodec({ decodes: "sharp" as "noisy" })).toThrow('"decodes" expected');
    expect(() => learnedCodec({ streams: 5, latent: 4 })).toThrow('"streams" expected at most the 4 channels');
    expect(() => learnedCodec({ streams: 17 })).toThrow('"streams" expected a whole number from 1 to 16');
    expect(() => learnedCodec({ mask: 1.5 })).toThrow('"mask" expected a number from 0 to 1');
    expect(() => learnedCodec({ qualities: 0 })).toThrow('"qualities" expected a whole number from 1 to 64');
  });
});
