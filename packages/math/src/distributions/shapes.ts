import type { Distribution } from "./distribution.ts";
import { FAMILIES } from "./families.ts";

/** The parameters that are arrays, by name. Of a mixture and of independent variables: none of the inner ones. */
export function parametersOf<T>(p: Distribution<T>): readonly (readonly [name: string, value: T])[] {
  const inner = ["family", "components", "base", "axes"];
  return Object.entries(p).filter(([name, value]) => !inner.includes(name) && typeof value !== "number");
}

/** How many of the last axes of a value are one event. */
export function eventRankOf<T>(p: Distribution<T>): number {
  if (p.family === "mixture") return eventRankOf(p.components);
  if (p.family === "independent") return eventRankOf(p.base) + p.axes.length;
  return FAMILIES[p.family].eventRanks ? 1 : 0;
}

/** How many axes of a parameter belong to the event. */
export function parameterRank<T>(p: Distribution<T>, name: string): number {
  if (p.family === "mixture") return 1;
  return p.family === "independent" ? 0 : (FAMILIES[p.family].eventRanks?.[name] ?? 0);
}
