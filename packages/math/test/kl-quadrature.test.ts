import { describe, expect, it } from "vitest";
import { kl, klPairs, ndArrayOps as ops } from "../src/index.ts";
import type { FamilyName } from "../src/index.ts";
import type { Parameters } from "./support/densities.ts";
import { EXAMPLES, integralKl, recordOf } from "./support/pairs.ts";

const pairs = klPairs().filter(({ p, q }) => EXAMPLES[p] && EXAMPLES[q]);

describe("the closed forms of one number equal the integral", () => {
  it.each(pairs)("KL($p || $q), $outcome", ({ p, q, outcome }) => {
    let finite = 0;
    for (const own of EXAMPLES[p]!) {
      for (const other of EXAMPLES[q]!) {
        const what = `${JSON.stringify(own)} || ${JSON.stringify(other)}`;
        const value = kl(ops, recordOf(p, own), recordOf(q, other)).data[0]!;
        const infinite = isInfinite(p, own, q, other);
        if (infinite) expect(value, what).toBe(Infinity);
        if (infinite) continue;
        finite++;
        const [integral, size] = integralKl(p, own, q, other);
        expect(Math.abs(value - integral) / (1 + size), `${what}: ${value} should be ${integral}`).toBeLessThan(1e-12);
      }
    }
    expect(finite > 0).toBe(outcome !== "infinite");
  });
});

/** Whether p has outcomes that q has not, or too heavy a tail, told from the definitions. */
function isInfinite(p: FamilyName, own: Parameters, q: FamilyName, other: Parameters): boolean {
  const [inner, outer] = [boundsOf(p, own), boundsOf(q, other)];
  if (inner[0] < outer[0] || inner[1] > outer[1]) return true;
  if (q === "normal") return p === "cauchy" || (p === "studentT" && own["df"]! <= 2);
  if (q === "laplace" || q === "logistic") return p === "cauchy" || (p === "studentT" && own["df"]! <= 1);
  if (q !== "gumbel") return false;
  const isExponential = p === "laplace" || p === "logistic";
  return p === "cauchy" || p === "studentT" || (isExponential && own["scale"]! >= other["scale"]!);
}

function boundsOf(family: FamilyName, parameters: Parameters): readonly [number, number] {
  if (family === "uniform") return [parameters["low"]!, parameters["high"]!];
  if (["beta", "continuousBernoulli", "bernoulli"].includes(family)) return [0, 1];
  if (family === "binomial") return [0, parameters["trials"]!];
  const isOnLine = ["normal", "laplace", "gumbel", "logistic", "cauchy", "studentT"].includes(family);
  return [isOnLine ? -Infinity : 0, Infinity];
}
