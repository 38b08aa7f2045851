import { GraphBuilder, include, initialise, interpret, type Program, vjp } from "@isthmus/graph";
import { evaluate, fit } from "@isthmus/train";
import { createWasmEngine } from "@isthmus/wasm";
import { describe, expect, it } from "vitest";
import { expectCentralDifferences } from "../../models/test/support/central-differences.ts";
import {
  bpskBitError,
  ebNoFromDb,
  type EsNo,
  measureTwoUsers,
  messages,
  qamSymbolError,
  timeSharingBlockError,
  twoUsers,
  uncodedBlockError,
} from "../src/index.ts";

const BATCH = 8;
const definition = twoUsers({ k: 1, n: 2, trainEbNoDb: 5, decoder: { hidden: [3], activation: "tanh" } });

const initial = (): Record<string, Float64Array> =>
  Object.fromEntries(
    Object.entries(initialise(definition.parameters, 1)).map(([name, values]) => [name, Float64Array.from(values)]),
  );

function run(program: Program, state: Record<string, Float64Array>): Record<string, Float64Array> {
  const x = Float64Array.from({ length: 2 * BATCH }, (_, at) => ((at >> 1) >> (at & 1)) & 1);
  const all = { x, seed: Float64Array.of(2, 0), step: Float64Array.of(1, 0) };
  const inputs = Object.fromEntries(Object.entries(all).filter(([name]) => Object.hasOwn(program.inputs, name)));
  const used = Object.fromEntries(Object.keys(program.state).map((name) => [name, state[name]!]));
  const { outputs } = interpret(program, { inputs, state: used, batch: BATCH });
  return Object.fromEntries(Object.entries(outputs).map(([name, { data }]) => [name, data]));
}

describe("two users", () => {
  it("send each its own message of the pair", () => {
    const { first, second } = run(definition.encoder, initial());
    const row = (values: Float64Array, i: number) => Array.from(values.subarray(2 * i, 2 * i + 2));
    for (let i = 0; i < BATCH; i++) {
      expect(row(first!, i)).toEqual(row(first!, i % 2));
      expect(row(second!, i)).toEqual(row(second!, i & 2));
    }
    expect(row(first!, 0)).not.toEqual(row(first!, 1));
    expect(row(second!, 0)).not.toEqual(row(second!, 2));
  });

  it("weigh their cross-entropies by themselves", () => {
    const { loss, firstCrossEntropy, secondCrossEntropy } = run(definition.phases[0]!.loss, initial());
    const [a, b] = [firstCrossEntropy![0]!, secondCrossEntropy![0]!];
    expect(loss![0]).toBeCloseTo((a * a + b * b) / (a + b), 12);
  });

  it("have gradients that equal central differences, the weights held fixed", () => {
    const build = new GraphBuilder();
    const { loss, parameters } = definition.phases[0]!;
    const nodes = include(build, loss);
    const read = parameters.map((name) =>
      nodes.find((node) => node.op === "state" && node.attributes["name"] === name)!,
    );
    const slopes = vjp(build, [nodes[loss.outputs["loss"]!]!], read, [build.scalar(1)]);
    const program = build.program({ outputs: Object.fromEntries(parameters.map((name, i) => [name, slopes[i]!])) });
    const state = initial();
    const gradients = run(program, state);
    const { firstCrossEntropy, secondCrossEntropy } = run(loss, state);
    const [a, b] = [firstCrossEntropy![0]!, secondCrossEntropy![0]!];
    const held = () => {
      const now = run(loss, state);
      return (a * now["firstCrossEntropy"]![0]! + b * now["secondCrossEntropy"]![0]!) / (a + b);
    };
    for (const name of parameters) {
      expectCentralDifferences(state[name]!, [0], held, (index) => gradients[name]![index]!);
    }
  });

  it("learn to keep out of each other's way: a bit each in two shared uses, as good as alone", async () => {
    const engine = await createWasmEngine({ build: "simd128" });
    const links = twoUsers({ k: 1, n: 2, trainEbNoDb: 5 });
    const train = messages({ k: 2, items: 25_600 });
    const { parameters } = await fit(
      links,
      { train },
      {
        ...{ engine, epochs: 10, batchSize: 256, seed: 3 },
        learningRate: { kind: "cosine", rate: 5e-3, steps: 1000 },
      },
    );
    const alone = uncodedBlockError(1, bpskBitError(ebNoFromDb(5)));
    const found = await evaluate(links, parameters, messages({ k: 2, items: 400_000 }), { engine, batchSize: 4000 });
    // Five standard errors of some 2,400 errors are 10 %; the receivers have 10 % to lose.
    for (const bler of [found["firstBlockErrors"]!, found["secondBlockErrors"]!]) {
      expect(bler / alone).toBeGreaterThan(0.9);
      expect(bler / alone).toBeLessThan(1.2);
    }
    engine.dispose();
  });

  it("are measured as evaluation has them, at any Eb/N0 and for each user", async () => {
    const engine = await createWasmEngine({ build: "simd128" });
    const links = twoUsers({ k: 3, n: 2, complex: true, trainEbNoDb: 8, gain: 0.8 });
    const train = messages({ k: 6, items: 25_600 });
    const options = { engine, epochs: 1, batchSize: 256, seed: 3, learningRate: 1e-2 };
    const { parameters } = await fit(links, { train }, options);
    const link = { definition: links, parameters };
    const found = await evaluate(links, parameters, messages({ k: 6, items: 64_000 }), { engine, batchSize: 4000 });
    const { first, second } = await measureTwoUsers(link, { engine, ebNoDb: 8, blocks: 64_000 });
    // Four standard deviations of the difference of two shares of 64,000 blocks.
    const half = (p: number): number => 4 * Math.sqrt((2 * p * (1 - p)) / 64_000);
    expect(Math.abs(first.bler - found["firstBlockErrors"]!)).toBeLessThan(half(first.bler));
    expect(Math.abs(second.bler - found["secondBlockErrors"]!)).toBeLessThan(half(second.bler));
    expect(first.information).toBeCloseTo(3 - first.crossEntropy / Math.LN2, 12);
    const louder = await measureTwoUsers(link, { engine, ebNoDb: 12, blocks: 64_000 });
    expect(louder.first.bler).toBeLessThan(first.bler);
    expect(await measureTwoUsers(link, { engine, ebNoDb: 8, blocks: 64_000 })).toEqual({ first, second });
    engine.dispose();
  });

  it("send their own of all 65,536 pairs of 8 bits", () => {
    const links = twoUsers({ k: 8, n: 4, complex: true });
    const pairs = [0, 255, 256, 65_535, 0xa55a];
    const x = Float64Array.from(pairs.flatMap((pair) => Array.from({ length: 16 }, (_, bit) => (pair >> bit) & 1)));
    const state = Object.fromEntries(
      Object.entries(initialise(links.parameters, 1)).map(([name, values]) => [name, Float64Array.from(values)]),
    );
    const used = Object.fromEntries(Object.keys(links.encoder.state).map((name) => [name, state[name]!]));
    const { outputs } = interpret(links.encoder, { inputs: { x }, state: used, batch: pairs.length });
    pairs.forEach((pair, row) => {
      for (const [user, message] of [
        ["first", pair & 255],
        ["second", pair >> 8],
      ] as const) {
        const table = state[`${user}.encoder.table`]!.subarray(8 * message, 8 * message + 8);
        const scale = Math.sqrt(4 / table.reduce((sum, value) => sum + value * value, 0));
        const got = outputs[user]!.data.subarray(8 * row, 8 * row + 8);
        // scaled to energy 4, to roundings of float64
        got.forEach((value, at) => expect(value).toBeCloseTo(scale * table[at]!, 12));
      }
    });
  });

  it("who take turns send QAM in half of the uses", () => {
    const at = ebNoFromDb(7);
    expect(timeSharingBlockError({ k: 1, n: 1, complex: true }, at)).toBeCloseTo(bpskBitError(at), 14);
    expect(timeSharingBlockError({ k: 4, n: 8 }, at)).toBeCloseTo(uncodedBlockError(4, bpskBitError(at)), 14);
    const symbol = qamSymbolError(16, (4 * at) as EsNo);
    expect(timeSharingBlockError({ k: 8, n: 4, complex: true }, at)).toBeCloseTo(uncodedBlockError(2, symbol), 14);
    expect(() => timeSharingBlockError({ k: 4, n: 7 }, at)).toThrow(/"k" expected whole bits in each dimension/);
  });

  it("are refused where they are too many, or what is told is not there", () => {
    expect(() => twoUsers({ k: 9, n: 2 })).toThrow(/at most 8/);
    expect(() => twoUsers({ k: 1, n: 2, gain: Number.NaN })).toThrow(/"gain"/);
    expect(() => twoUsers({ k: 1, n: 2, trainEbNoDb: { from: 0, to: 1 } })).toThrow(/one number/);
    expect(() => twoUsers({ k: 1, n: 2, decoder: { noise: true } })).toThrow(/neither/);
  });
});
