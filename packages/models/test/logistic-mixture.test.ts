import { GraphBuilder, interpret, type Node } from "@isthmus/graph";
import { describe, expect, it } from "vitest";
import { logisticMixture, mixtureLogProb } from "../src/logistic-mixture.ts";
import fixture from "./fixtures/logistic-mixture.json" with { type: "json" };

interface Case {
  readonly levels: number;
  readonly loc: readonly number[];
  readonly w: readonly number[];
  readonly share: readonly number[];
}

/** log p of values, whose mixture is the same for all, in float64. The locations of the graph start out evenly spread. */
function logProbs({ levels, loc, w, share }: Case, values: readonly number[]): Float64Array {
  const build = new GraphBuilder();
  const same = (name: string, value: number): Node => build.add(build.input(name, ["batch", 1]), build.scalar(value));
  const given: Record<string, number> = {};
  loc.forEach((m, k) => (given[k === 0 ? "decoder.output" : `decoder.loc${k}`] = m - k / (loc.length - 1)));
  w.forEach((value, k) => (given[`decoder.logScale${k}`] = value));
  share.forEach((value, k) => (given[`decoder.logShare${k}`] = value));
  const p = logisticMixture(build, same("first", given["decoder.output"]!), { levels, logistics: loc.length }, (name) =>
    same(name, given[name]!),
  );
  const program = build.program({ outputs: { logProb: mixtureLogProb(build, build.input("x", ["batch", 1]), p) } });
  const zeros = new Float64Array(values.length);
  const inputs = Object.fromEntries(
    Object.keys(program.inputs).map((name) => [name, name === "x" ? Float64Array.from(values) : zeros]),
  );
  return interpret(program, { inputs: inputs as never, state: {}, batch: values.length }).outputs["logProb"]!.data;
}

describe("a mixture of discretised logistics", () => {
  // Constants go through float32 nowhere in the interpreter; what is left is float64's rounding in sums of a few terms that
  // are as large as the largest number in them, |x - loc| / scale < 2 / (1 / 32 / 255) = 16320.
  it.each(fixture.cases)("has the probability that mpmath gives: level $level of $levels", (one) => {
    const [found] = logProbs(one, [one.level / (one.levels - 1)]);
    expect(Math.abs(found! - one.logProb)).toBeLessThan(16320 * 2 ** -48);
  });

  it.each(fixture.cases)("has probabilities that sum to 1: $levels levels", (one) => {
    const all = logProbs(
      one,
      Array.from({ length: one.levels }, (_, level) => level / (one.levels - 1)),
    );
    expect(all.reduce((sum, l) => sum + Math.exp(l), 0)).toBeCloseTo(1, 10);
  });
});
