import { describe, expect, it } from "vitest";
import * as math from "../src/index.ts";
import { fromNested as a, ndArrayOps as ops } from "../src/index.ts";
import type { Nested } from "../src/index.ts";

const REAL = [Number.NaN, Infinity, -Infinity];
const ABOVE_ZERO = [...REAL, 0, -1];

/** Good parameters, and for each the values that are out of its domain. */
const elementwise: readonly (readonly [string, Record<string, readonly [good: number, bad: readonly number[]]>])[] = [
  ["normal", { loc: [0, REAL], scale: [1, ABOVE_ZERO] }],
  ["bernoulli", { logits: [0, REAL] }],
  ["continuousBernoulli", { logits: [0, REAL] }],
  ["laplace", { loc: [0, REAL], scale: [1, ABOVE_ZERO] }],
  ["gumbel", { loc: [0, REAL], scale: [1, ABOVE_ZERO] }],
  ["logistic", { loc: [0, REAL], scale: [1, ABOVE_ZERO] }],
  ["uniform", { low: [0, REAL], high: [1, REAL] }],
  ["exponential", { rate: [1, ABOVE_ZERO] }],
  ["gamma", { concentration: [1, ABOVE_ZERO], rate: [1, ABOVE_ZERO] }],
  ["beta", { alpha: [1, ABOVE_ZERO], beta: [1, ABOVE_ZERO] }],
  ["poisson", { rate: [1, ABOVE_ZERO] }],
  ["studentT", { df: [1, ABOVE_ZERO], loc: [0, REAL], scale: [1, ABOVE_ZERO] }],
  ["logNormal", { loc: [0, REAL], scale: [1, ABOVE_ZERO] }],
  ["cauchy", { loc: [0, REAL], scale: [1, ABOVE_ZERO] }],
  ["weibull", { scale: [1, ABOVE_ZERO], concentration: [1, ABOVE_ZERO] }],
  ["binomial", { trials: [3, [...REAL, -1, 1.5]], logits: [0, REAL] }],
  ["halfNormal", { scale: [1, ABOVE_ZERO] }],
];

type Constructor = (operations: typeof ops, parameters: Record<string, unknown>) => Record<string, unknown>;
const constructors = math as unknown as Record<string, Constructor>;
const make = (family: string, parameters: Record<string, unknown>) => constructors[family]!(ops, parameters);

describe("elementwise families", () => {
  it.each(elementwise)("%s keeps its parameters and says its name", (family, parameters) => {
    const given = Object.fromEntries(Object.entries(parameters).map(([name, [good]]) => [name, a([good, good])]));
    expect(make(family, given)).toEqual({ family, ...given });
  });

  it.each(elementwise)("%s names a parameter that is bad", (family, parameters) => {
    const given = Object.fromEntries(Object.entries(parameters).map(([name, [good]]) => [name, a([good, good])]));
    for (const [name, [good, bad]] of Object.entries(parameters)) {
      for (const value of bad) {
        const act = () => make(family, { ...given, [name]: a([good, value]) });
        expect(act).toThrow(RangeError);
        expect(act).toThrow(`"${family}.${name}" expected`);
        expect(act).toThrow(`got ${value} at element 1`);
      }
      for (const wrong of [undefined, 1, "1"]) {
        const act = () => make(family, { ...given, [name]: wrong });
        expect(act).toThrow(TypeError);
        expect(act).toThrow(`"${family}.${name}" expected`);
      }
    }
  });

  it("names a parameter whose shape does not broadcast with those before it", () => {
    const act = () => make("normal", { loc: a([0, 0]), scale: a([1, 1, 1]) });
    expect(act).toThrow(new RangeError('"normal.scale" expected a shape that broadcasts with [2], got [3]'));
    expect(make("normal", { loc: a([[0], [1]]), scale: a([1, 2, 3]) })["family"]).toBe("normal");
  });

  it("a uniform's ends are in order", () => {
    expect(() => make("uniform", { low: a([0, 1]), high: a(1) })).toThrow(
      '"uniform.high - uniform.low" expected positive',
    );
  });
});

const identity = [
  [1, 0],
  [0, 1],
];
const lattice = { loc: a(0), logScale: a(0), low: 0, high: 1, levels: 256 };
const unit = a([1, 0]);

describe("families with an event, and made of others", () => {
  it.each<[string, Record<string, unknown>]>([
    ["diagonalNormal", { mu: a([0, 1]), logVar: a([0, 0]) }],
    ["multivariateNormal", { loc: a([0, 0]), scaleTril: a(identity) }],
    ["categorical", { logits: a([0, 1]) }],
    ["relaxedOneHotCategorical", { logits: a([0, 1]), temperature: a(0.5) }],
    ["dirichlet", { concentration: a([1, 2]) }],
    ["vonMisesFisher", { meanDirection: unit, concentration: a(2) }],
    ["discretisedLogistic", lattice],
    ["mixture", { logits: a([0, 1]), components: make("normal", { loc: a([0, 1]), scale: a(1) }) }],
    ["independent", { base: make("normal", { loc: a([0, 1]), scale: a(1) }), axes: [-1] }],
  ])("%s keeps its parameters", (family, parameters) => {
    expect(make(family, parameters)).toEqual({ family, ...parameters });
  });

  const bad = (nested: Nested) => a(nested);
  it.each<[string, string, Record<string, unknown>, typeof RangeError]>([
    ["diagonalNormal", '"diagonalNormal.mu" expected an event', { mu: a(0), logVar: a(0) }, RangeError],
    ["diagonalNormal", '"diagonalNormal.logVar"', { mu: a([0]), logVar: a([Infinity]) }, RangeError],
    [
      "multivariateNormal",
      "positive diagonal",
      {
        loc: a([0, 0]),
        scaleTril: bad([
          [1, 0],
          [0, 0],
        ]),
      },
      RangeError,
    ],
    [
      "multivariateNormal",
      "zeros above",
      {
        loc: a([0, 0]),
        scaleTril: bad([
          [1, 1],
          [0, 1],
        ]),
      },
      RangeError,
    ],
    ["multivariateNormal", '"multivariateNormal.scaleTril"', { loc: a([0, 0]), scaleTril: a([1, 1]) }, RangeError],
    ["multivariateNormal", "[..., 3, 3]", { loc: a([0, 0, 0]), scaleTril: a(identity) }, RangeError],
    ["multivariateNormal", '"multivariateNormal.loc"', { loc: 1, scaleTril: a(identity) }, TypeError],
    ["categorical", '"categorical.logits" expected an event', { logits: a(1) }, RangeError],
    ["relaxedOneHotCategorical", "temperature", { logits: a([0, 1]), temperature: a(0) }, RangeError],
    ["relaxedOneHotCategorical", "one temperature", { logits: a([0, 1]), temperature: a([1, 1]) }, RangeError],
    ["dirichlet", '"dirichlet.concentration"', { concentration: a([1, 0]) }, RangeError],
    [
      "vonMisesFisher",
      "unit vectors, got one of length 5",
      { meanDirection: a([3, 4]), concentration: a(1) },
      RangeError,
    ],
    ["vonMisesFisher", "at least 2 dimensions", { meanDirection: a([1]), concentration: a(1) }, RangeError],
    ["vonMisesFisher", '"vonMisesFisher.concentration"', { meanDirection: unit, concentration: a(0) }, RangeError],
    ["discretisedLogistic", '"discretisedLogistic.levels"', { ...lattice, levels: 1 }, RangeError],
    ["discretisedLogistic", '"discretisedLogistic.levels"', { ...lattice, levels: 2.5 }, RangeError],
    ["discretisedLogistic", '"discretisedLogistic.high"', { ...lattice, high: 0 }, RangeError],
    ["discretisedLogistic", '"discretisedLogistic.low"', { ...lattice, low: "0" }, TypeError],
    ["mixture", '"mixture.components"', { logits: a([0]), components: undefined }, TypeError],
    ["mixture", '"mixture.components"', { logits: a([0]), components: {} }, TypeError],
    [
      "mixture",
      '"mixture.components.loc" expected a shape that broadcasts with [2], got [3]',
      { logits: a([0, 1]), components: make("normal", { loc: a([0, 1, 2]), scale: a(1) }) },
      RangeError,
    ],
    [
      "mixture",
      '"mixture.components.logVar"',
      { logits: a([0, 1]), components: make("diagonalNormal", { mu: a([[0, 1, 2]]), logVar: a([[0], [1], [2]]) }) },
      RangeError,
    ],
    [
      "vonMisesFisher",
      '"vonMisesFisher.concentration" expected a shape',
      {
        meanDirection: a([
          [1, 0],
          [0, 1],
        ]),
        concentration: a([1, 2, 3]),
      },
      RangeError,
    ],
    [
      "multivariateNormal",
      '"multivariateNormal.scaleTril" expected a shape',
      {
        loc: a([
          [1, 0],
          [0, 1],
        ]),
        scaleTril: a([identity, identity, identity]),
      },
      RangeError,
    ],
    ["independent", '"independent.base"', { base: 1 }, TypeError],
    ["independent", '"independent.axes"', { base: make("bernoulli", { logits: a([0]) }), axes: [0.5] }, RangeError],
  ])("%s: %s", (family, message, parameters, kind) => {
    const act = () => make(family, parameters);
    expect(act).toThrow(kind);
    expect(act).toThrow(message);
  });
});
