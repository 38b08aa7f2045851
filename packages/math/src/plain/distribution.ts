import { kindOf } from "../arguments.ts";
import type { Distribution, Families, FamilyName } from "../distributions/distribution.ts";
import * as constructors from "../distributions/index.ts";
import { FAMILIES } from "../distributions/families.ts";
import { requireDistribution } from "../distributions/parameters.ts";
import type { MathOps } from "../math-ops.ts";
import type { NdArray } from "../nd-array.ts";
import { ndArrayOps } from "../nd-array-ops.ts";
import { arrayOf } from "./numbers.ts";
import type { Numbers } from "./numbers.ts";

/** A distribution written down: `{ family: "normal", loc: 0, scale: [1, 2] }`. */
export type PlainDistribution = Distribution<Numbers>;

type Constructors = { readonly [F in FamilyName]: (ops: MathOps<NdArray>, parameters: never) => Families<NdArray>[F] };
type Construct = (ops: MathOps<NdArray>, parameters: object) => Distribution<NdArray>;

/** Every family has a constructor of its name; the compiler looks. */
const CONSTRUCTORS: Constructors = constructors;

/** Marks the parameters that are arrays, so that the compiler can list those that are settings: plain numbers. */
interface AnArray {
  readonly array: true;
}
type SettingsOf<P> = { [K in keyof P]: P[K] extends number | readonly number[] ? K : never }[keyof P];
type Settings = {
  readonly [F in FamilyName as SettingsOf<Families<AnArray>[F]> extends never ? never : F]: Readonly<
    Record<SettingsOf<Families<AnArray>[F]>, true>
  >;
};

/** What stays as it is; all else but inner distributions is made an array. */
const SETTINGS: Settings = {
  discretisedLogistic: { low: true, high: true, levels: true },
  independent: { axes: true },
};

/**
 * The record with arrays for its numbers, checked by its family's constructor.
 *
 * @throws TypeError, RangeError naming a parameter that is wrong.
 */
export function distributionOf(name: string, p: PlainDistribution): Distribution<NdArray> {
  requireDistribution(name, p);
  const isFamily = Object.hasOwn(FAMILIES, p.family) || p.family === "mixture" || p.family === "independent";
  if (!isFamily) throw new TypeError(`"${name}.family" expected a known family, got "${p.family}"`);
  const settings: object = (SETTINGS as Partial<Record<FamilyName, object>>)[p.family] ?? {};
  const parameters = Object.entries(p)
    .filter(([key]) => key !== "family")
    .map(([key, value]: [string, unknown]): [string, unknown] => {
      if (Object.hasOwn(settings, key)) return [key, value];
      const full = `${p.family}.${key}`;
      if (kindOf(value) === "Object") return [key, distributionOf(full, value as PlainDistribution)];
      return [key, arrayOf(full, value as Numbers)];
    });
  return (CONSTRUCTORS[p.family] as Construct)(ndArrayOps, Object.fromEntries(parameters));
}
