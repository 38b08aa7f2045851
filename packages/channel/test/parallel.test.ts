/** Simulations in several processes have the counts of one. */
import { describe, expect, it } from "vitest";
import {
  differentialCodebook,
  differentialDetection,
  hammingCode,
  hammingCodebook,
  hardDecision,
  multiTap,
  nonCoherentMaximumLikelihood,
  rayleigh,
  simulate,
  type SimulatedPoint,
} from "../src/index.ts";
import { simulateInParallel, standardSystem } from "../src/node.ts";

/** The workers run the sources, too. */
const execArgv = ["--import", import.meta.resolve("tsx"), "--conditions=@isthmus/source"];
const counts = (points: readonly SimulatedPoint[]) =>
  points.map(({ blocks, blockErrors, bitErrors, squaredBitErrors, stopped }) => [
    blocks,
    blockErrors,
    bitErrors,
    squaredBitErrors,
    stopped,
  ]);

const codebook = hammingCodebook();
const settings = { ebNoDb: [2, 5], targetErrors: 1500, maxBlocks: 2e5, seed: 3 };

describe("in parallel", () => {
  it("the counts are those of one process, also from where it was interrupted", async () => {
    const parts = { codebook, hardDecision: hammingCode(), fading: { per: "block" as const } };
    const system = { codebook, receiver: hardDecision(hammingCode()), channel: rayleigh(parts.fading) };
    const alone = await simulate({ ...system, ...settings });
    const half = await simulate({ ...system, ...settings, maxBlocks: 2e4 });
    const options = { ...settings, resume: half.state, workers: 3, execArgv };
    const { points, state } = await simulateInParallel(standardSystem(parts), options);
    expect(counts(points)).toEqual(counts(alone.points));
    expect(state.identity).toBe(alone.state.identity);
  });

  it("every kind of standard system has the counts of its parts", async () => {
    const code = hammingCode();
    const taps = { taps: 3, powers: [2, 1, 1], known: false };
    const book = differentialCodebook(code);
    const channel = multiTap(taps);
    for (const [parts, receiver] of [
      [{ codebook: book, fading: taps }, nonCoherentMaximumLikelihood(book, taps)],
      [{ codebook: book, fading: taps, differential: code }, differentialDetection(code)],
    ] as const) {
      const alone = await simulate({ codebook: book, channel, receiver, ...settings });
      const { points, state } = await simulateInParallel(standardSystem(parts), { ...settings, workers: 2, execArgv });
      expect(counts(points)).toEqual(counts(alone.points));
      expect(state.identity).toBe(alone.state.identity);
    }
  });

  it("an aborted one ends and tells what it has", async () => {
    const signal = AbortSignal.abort();
    const { points } = await simulateInParallel(standardSystem({ codebook }), {
      ...settings,
      workers: 2,
      execArgv,
      signal,
    });
    expect(counts(points)).toEqual([[0, 0, 0, 0, "aborted"]]);
  });

  it("errors of a receiver come back with their code, and a worker that ends is told of", async () => {
    const recipe = (body: string) => ({
      module: `data:text/javascript,export const system = ${encodeURIComponent(body)}`,
      data: codebook,
    });
    const wild = recipe("(codebook) => ({ codebook, receiver: { name: 'wild', decide: (_, d) => { d.fill(99); } } })");
    const options = { ...settings, workers: 1, execArgv };
    await expect(simulateInParallel(wild, options)).rejects.toMatchObject({ code: "CHANNEL_DECISION" });
    const gone = recipe("(codebook) => ({ codebook, receiver: { name: 'gone', decide() { process.exit(3); } } })");
    await expect(simulateInParallel(gone, options)).rejects.toMatchObject({ code: "CHANNEL_WORKER" });
    await expect(simulateInParallel(gone, { ...options, workers: 0 })).rejects.toThrow(
      /"workers" expected a whole number from 1 to 256, got 0/,
    );
  });
});
