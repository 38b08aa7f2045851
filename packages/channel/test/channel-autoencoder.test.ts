import { configToJson, type ModelDefinition } from "@isthmus/models";
import {
  canonicalJson,
  GraphBuilder,
  include,
  initialise,
  interpret,
  type Program,
  readModelFile,
  serialiseProgram,
  vjp,
  writeModelFile,
} from "@isthmus/graph";
import { toModel } from "@isthmus/train";
import { createWasmEngine } from "@isthmus/wasm";
import { describe, expect, it } from "vitest";
import { expectCentralDifferences } from "../../models/test/support/central-differences.ts";
import {
  chain,
  channelAutoencoder,
  type GivenChannelAutoencoder,
  learnedCodebook,
  linkOfModel,
  messages,
  ownChannel,
} from "../src/index.ts";
import { decisions, messagesOf } from "../src/learned/decisions.ts";
import { LearnedProgram } from "../src/learned/learned-program.ts";
import { valuesOf } from "./support/layer-run.ts";

const links: readonly (readonly [string, GivenChannelAutoencoder])[] = [
  ["embedding, energy", { k: 2, n: 3, decoder: { hidden: [5], activation: "tanh" } }],
  [
    "one-hot, average power",
    { k: 2, n: 2, encoder: "onehot", normalize: "average", decoder: { hidden: [5], activation: "tanh" } },
  ],
  [
    "bits",
    {
      k: 3,
      n: 2,
      complex: true,
      loss: "bits",
      normalize: { kind: "average", zeroMean: true },
      decoder: { hidden: [4], activation: "tanh" },
    },
  ],
  [
    "a range of Eb/N0, told",
    { k: 2, n: 2, trainEbNoDb: { from: 0, to: 8 }, decoder: { hidden: [4], noise: true, activation: "tanh" } },
  ],
  [
    "three taps, an equaliser, the state",
    {
      ...{ k: 2, n: 4, complex: true, channel: chain({ kind: "multiTap", taps: 3 }, { kind: "awgn" }) },
      decoder: { hidden: [6], activation: "tanh", state: true, equaliser: { taps: 2, hidden: [5] } },
    },
  ],
  [
    "peaks held down",
    {
      k: 3,
      n: 1,
      complex: true,
      normalize: "perUse",
      peakToAverage: { most: 1.1, weight: 0.5 },
      decoder: { hidden: [4], activation: "tanh" },
    },
  ],
];

const BATCH = 6;

/** What programs are fed; messages in turn. */
function feeds(program: Program, k: number, seed = 3): Record<string, Float64Array> {
  const label = Float64Array.from({ length: BATCH }, (_, i) => i % 2 ** k);
  const all = { label, seed: Float64Array.of(seed, 0), step: Float64Array.of(1, 0), deviation: Float64Array.of(0.4) };
  return Object.fromEntries(Object.entries(all).filter(([name]) => Object.hasOwn(program.inputs, name)));
}

function stateOf({ parameters }: Pick<ModelDefinition, "parameters">, seed = 1): Record<string, Float64Array> {
  const drawn = initialise(parameters, seed);
  return Object.fromEntries(Object.entries(drawn).map(([name, values]) => [name, Float64Array.from(values)]));
}

function run(program: Program, k: number, state: Record<string, Float64Array>): Record<string, Float64Array> {
  const used = Object.fromEntries(Object.keys(program.state).map((name) => [name, state[name]!]));
  const { outputs } = interpret(program, { inputs: feeds(program, k), state: used, batch: BATCH });
  return Object.fromEntries(Object.entries(outputs).map(([name, { data }]) => [name, data]));
}

describe.each(links)("%s", (_, given) => {
  const definition = channelAutoencoder(given);
  const { k, loss: by } = definition.config;
  const { loss, parameters } = definition.phases[0]!;

  it("has gradients that equal central differences", () => {
    const build = new GraphBuilder();
    const nodes = include(build, loss);
    const read = parameters.map((name) =>
      nodes.find((node) => node.op === "state" && node.attributes["name"] === name)!,
    );
    const slopes = vjp(build, [nodes[loss.outputs["loss"]!]!], read, [build.scalar(1)]);
    const program = build.program({ outputs: Object.fromEntries(parameters.map((name, i) => [name, slopes[i]!])) });
    const state = stateOf(definition);
    const gradients = run(program, k, state);
    for (const name of parameters) {
      const indices = [0, state[name]!.length >> 1, state[name]!.length - 1];
      expectCentralDifferences(
        state[name]!,
        new Set(indices),
        () => run(loss, k, state)["loss"]![0]!,
        (index) => gradients[name]![index]!,
      );
    }
  });

  it("trains all of its parameters", () => {
    expect([...parameters].sort()).toEqual(Object.keys(definition.parameters).sort());
  });

  it("sends its codebook, and receives as its decoder does", () => {
    const state = stateOf(definition);
    const link = run(definition.link, k, state);
    const { codebook } = run(definition.codebook, k, state);
    const columns = codebook!.length / 2 ** k;
    const { z } = run(definition.encoder, k, state);
    expect(z).toEqual(link["sent"]);
    for (let i = 0; i < BATCH; i++) {
      const m = i % 2 ** k;
      expect(z!.subarray(i * columns, (i + 1) * columns)).toEqual(codebook!.subarray(m * columns, (m + 1) * columns));
    }
    const { decoder } = definition;
    const inputs = {
      received: link["received"]!,
      state: link["state"],
      deviation: Float64Array.from({ length: BATCH }, () => 0.4),
    };
    const fed = Object.fromEntries(
      Object.entries(inputs).filter(([name]) => Object.hasOwn(decoder.inputs, name)),
    ) as Record<string, Float64Array>;
    const used = Object.fromEntries(Object.keys(decoder.state).map((name) => [name, state[name]!]));
    const { outputs } = interpret(decoder, { inputs: fed, state: used, batch: BATCH });
    const [logits, probabilities] = [outputs["logits"]!.data, outputs["probabilities"]!.data];
    const width = logits.length / BATCH;
    for (let i = 0; i < BATCH; i++) {
      const message = i % 2 ** k;
      const p = Array.from(probabilities.subarray(i * width, (i + 1) * width));
      const decided =
        by === "messages"
          ? p.indexOf(Math.max(...p))
          : p.reduce((sum, one, bit) => sum + (one > 0.5 ? 1 << bit : 0), 0);
      const nats =
        by === "messages"
          ? -Math.log(p[message]!)
          : p.reduce((sum, one, bit) => sum - Math.log((message >> bit) & 1 ? one : 1 - one), 0);
      expect(link["blockErrors"]![i]).toBe(decided === message ? 0 : 1);
      expect(link["bitErrors"]![i]).toBe((decided ^ message).toString(2).replaceAll("0", "").length);
      expect(link["crossEntropy"]![i]).toBeCloseTo(nats, 10);
    }
  });

  it("computes on the engine what the interpreter does", async () => {
    const state = stateOf(definition);
    const tensors = Object.fromEntries(
      Object.entries(state).map(([name, data]) => [
        name,
        { shape: definition.parameters[name]!.shape, data: Float32Array.from(data) },
      ]),
    );
    const engine = await createWasmEngine({ build: "simd128" });
    const program = await LearnedProgram.create(engine, definition.link, tensors);
    const fed = Object.entries(feeds(definition.link, k)).map(([name, values]) => [
      name,
      name === "deviation" ? Float32Array.from(values) : Int32Array.from(values),
    ]);
    const { outputs } = await program.run(Object.fromEntries(fed));
    const expected = run(definition.link, k, state);
    for (const name of ["sent", "received", "crossEntropy"]) {
      const values = await outputs[name]!.read();
      // Some hundred float32 roundings (2^-24) of values below 4.
      values.forEach((value, i) => expect(Math.abs(value - expected[name]![i]!)).toBeLessThan(3e-5));
    }
    engine.dispose();
  });

  it("says the information beside the loss: k bits less the cross-entropy", () => {
    const made = run(loss, k, stateOf(definition));
    const nats = (made["crossEntropy"] ?? made["loss"])![0]!;
    expect(made["information"]![0]).toBeCloseTo(k - nats / Math.LN2, 12);
  });

  it("is made again, to the bit, from the JSON of its configuration", () => {
    const stored = JSON.parse(canonicalJson(configToJson(definition.config))) as GivenChannelAutoencoder;
    const again = channelAutoencoder(stored);
    expect(again.config).toEqual(definition.config);
    for (const program of ["encoder", "decoder", "evaluation", "link", "codebook"] as const) {
      expect(serialiseProgram(again[program])).toBe(serialiseProgram(definition[program]));
    }
  });

  it("goes into a model file and comes back", () => {
    const tensors = Object.fromEntries(
      Object.entries(initialise(definition.parameters, 1)).map(([name, data]) => [
        name,
        { shape: definition.parameters[name]!.shape, data },
      ]),
    );
    const read = readModelFile(
      writeModelFile(toModel(definition, { parameters: tensors }, { provenance: {}, metrics: {} })),
    );
    const again = linkOfModel(read);
    expect(again.definition.config).toEqual(definition.config);
    expect(learnedCodebook(again.definition, again.parameters).points).toEqual(
      learnedCodebook(definition, tensors).points,
    );
  });
});

describe("a receiver that cannot tell messages apart", () => {
  it.each([
    ["messages", [0, 0, 0, 0]],
    ["messages", [1, Number.NaN, 0, 0]],
    ["bits", [0, 0]],
    ["bits", [Number.NaN, -1]],
  ] as const)("is wrong: %s, logits %j", (loss, logits) => {
    const made = valuesOf(
      (build, [x]) => {
        const sent = build.input("step", [2], "i32");
        const both = build.concat([x!, x!], 0);
        return { ...decisions(build, both, messagesOf(build, sent, 2), { loss, k: 2 }) };
      },
      [{ shape: [1, logits.length], values: logits }],
    );
    // `step` holds the messages 1 and 0.
    expect(Array.from(made["blockErrors"]!)).toEqual([1, 1]);
  });
});

describe("messages", () => {
  it("come equally often, as bits, the lowest first, and as numbers", () => {
    const { items, values, labels, classes, shape } = messages({ k: 3, items: 24 });
    expect([items, classes, shape]).toEqual([24, 8, [3]]);
    const counts = Array.from({ length: 8 }, () => 0);
    labels!.forEach((label, item) => {
      counts[label]!++;
      expect(Array.from(values.subarray(3 * item, 3 * item + 3))).toEqual([label & 1, (label >> 1) & 1, label >> 2]);
    });
    expect(counts).toEqual(counts.map(() => 3));
  });

  it("are refused in uneven numbers", () => {
    expect(() => messages({ k: 3, items: 20 })).toThrow(/multiple of the 8 messages/);
    expect(() => messages({ k: 0, items: 20 })).toThrow(RangeError);
  });
});

describe("configuration", () => {
  it("fills in what was not said", () => {
    const { config } = channelAutoencoder({ k: 4, n: 7 });
    expect(config).toEqual({
      ...{ inputShape: [4], k: 4, n: 7, complex: false, encoder: "embedding", encoderHidden: [] },
      ...{ normalize: { kind: "energy" }, channel: { kind: "awgn" }, loss: "messages", trainEbNoDb: 3 },
      decoder: { hidden: [64], activation: "relu", state: false, noise: false },
    });
  });

  it("keeps the name of a user's channel, and asks for its function", () => {
    const own = ownChannel("mine", ({ build }, x) => ({ y: build.neg(x) }));
    const { config } = channelAutoencoder({ k: 1, n: 1, channel: own });
    expect(config.channel).toEqual({ kind: "own", name: "mine" });
    expect(() => channelAutoencoder(config as GivenChannelAutoencoder)).toThrow(/make it with ownChannel/);
    const model = { kind: "channel-ae", config: configToJson(config), parameters: {} };
    expect(() => linkOfModel(model)).toThrow(/make it with ownChannel/);
    expect(linkOfModel(model, own).definition.config).toEqual(config);
    expect(() => linkOfModel({ ...model, kind: "vae" })).toThrow(expect.objectContaining({ code: "CHANNEL_MODEL" }));
  });

  it.each([
    [{ k: 0, n: 1 }, /"k"/],
    [{ k: 13, n: 1 }, /"k"/],
    [{ k: 1, n: 0.5 }, /"n"/],
    [{ k: 1, n: 1, colour: 1 }, /no field/],
    [{ k: 1, n: 1, loss: "mse" }, /messages or bits/],
    [{ k: 1, n: 1, trainEbNoDb: { from: 3, to: 3 } }, /from < to/],
    [{ k: 1, n: 1, decoder: { state: true } }, /one that fades/],
    [{ k: 1, n: 1, decoder: { equaliser: { taps: 1, hidden: [] } } }, /complex uses/],
    [{ k: 1, n: 1, decoder: { units: 3 } }, /got "units"/],
    [{ k: 1, n: 1, peakToAverage: { most: 0, weight: 1 } }, /peakToAverage.most/],
    [{ k: 1, n: 1, channel: { kind: "phase" } }, /complex uses/],
    [{ k: 1, n: 1, normalize: "batch" }, /energy, average/],
  ])("%j is refused", (given, message) => {
    expect(() => channelAutoencoder(given as unknown as GivenChannelAutoencoder)).toThrow(message);
  });
});
