import { readFileSync } from "node:fs";
import { categorical, crossEntropy, type Distribution, fromNested, kl, type NdArray, ndArrayOps } from "@isthmus/math";
import { describe, expect, it } from "vitest";
import { decodeSymbols, encodeSymbols, frequencyTable } from "../src/index.ts";

/** Frequencies of the symbols 0, 1, ... and of the escape, out of 2^12. */
const GREY = [1000, 1000, 1000, 1095, 1];
const DARK = [3000, 700, 300, 95, 1];

/** A message in which symbol k occurs exactly 10 times as often as its frequency says, in a scattered order. */
function messageOf(frequencies: readonly number[]): Int32Array {
  const sorted = frequencies
    .slice(0, -1)
    .flatMap((frequency, symbol) => new Array<number>(10 * frequency).fill(symbol));
  // 1009 is prime and no divisor of the length, so that this visits every place once.
  return Int32Array.from(sorted, (_, i) => sorted[(i * 1009) % sorted.length]!);
}

/** The distribution of the symbols in the message; what a table says of them and of the escape is a little less. */
const symbolsOf = (frequencies: readonly number[]): Distribution<NdArray> =>
  categorical(ndArrayOps, { logits: fromNested(frequencies.slice(0, -1).map(Math.log)) });

/** Bits on the wire, by the coder itself, of a message coded with a table; it decodes to the message. */
function measuredBits(message: Int32Array, frequencies: readonly number[]): number {
  const tables = [frequencyTable(12, 0, frequencies)];
  const bytes = encodeSymbols(message, tables);
  const decoded = new Int32Array(message.length);
  decodeSymbols(bytes, tables, decoded);
  expect(decoded).toEqual(message);
  return 8 * bytes.length;
}

const bits = (nats: NdArray): number => nats.data[0]! / Math.LN2;

/**
 * What the coder itself loses: a state of 32 bits at the end and a word of 16 that is not full, and per symbol what
 * rounding x / f down moves of x, less than M = 2^12. As log x is spread evenly from 2^16 to 2^32, the mean of M / x is
 * 2^-4 / (16 ln 2) = 0.0056 nats.
 */
const lossOf = (message: Int32Array): number => 48 + (message.length * 2 ** -4) / (16 * Math.LN2) / Math.LN2;

describe("coding with the wrong table", () => {
  const [grey, dark] = [messageOf(GREY), messageOf(DARK)];
  const [p, q] = [symbolsOf(GREY), symbolsOf(DARK)];
  // The symbols share all but the escape's 2^-12, which costs either table log2(4096 / 4095) bits a symbol.
  const escape = Math.log2(4096 / 4095);

  it("costs KL bits a symbol more than with the right one", () => {
    const extra = measuredBits(grey, DARK) - measuredBits(grey, GREY);
    expect(extra).toBeGreaterThan(30_000);
    expect(Math.abs(extra - grey.length * bits(kl(ndArrayOps, p, q)))).toBeLessThan(lossOf(grey));
  });

  it("takes the cross-entropy in all", () => {
    const predicted = grey.length * (bits(crossEntropy(ndArrayOps, p, q)) + escape);
    expect(Math.abs(measuredBits(grey, DARK) - predicted)).toBeLessThan(lossOf(grey));
  });

  it("costs another number of bits the other way", () => {
    const extra = measuredBits(dark, GREY) - measuredBits(dark, DARK);
    expect(Math.abs(extra - dark.length * bits(kl(ndArrayOps, q, p)))).toBeLessThan(lossOf(dark));
    const back = measuredBits(grey, DARK) - measuredBits(grey, GREY);
    expect(Math.abs(extra - back)).toBeGreaterThan(5000);
  });

  it("as the README of math says", () => {
    const readme = readFileSync(new URL("../../math/README.md", import.meta.url), "utf8");
    const costs = [kl(ndArrayOps, p, q), kl(ndArrayOps, q, p)].map((nats) => bits(nats).toFixed(5));
    expect(readme).toContain(`${costs[0]} bits each one way and ${costs[1]} the other`);
    const extra = [
      measuredBits(grey, DARK) - measuredBits(grey, GREY),
      measuredBits(dark, GREY) - measuredBits(dark, DARK),
    ];
    const each = extra.map((total) => (total / grey.length).toFixed(3));
    expect(readme).toContain(`on ${grey.length.toLocaleString("en")} symbols, ${each[0]} and ${each[1]}.`);
  });
});
