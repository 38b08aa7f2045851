import type { RateCurve, RateGap } from "@isthmus/plot";
import { linkText, shannonLimitDb } from "./limits.ts";
import type { Measured } from "./measured.ts";
import { drawnCurve } from "./rate-table.ts";
import type { SimulateOptions } from "./simulations.ts";

/** Where curves are compared when it is not said: with a baseline, with the bound. */
const USUAL_GAPS = [
  [1e-3, 1e-2, 1e-1],
  [1e-2, 1e-1],
] as const;

/** Error rates of everything that was simulated, with what is known by formula, as SVG. */
export async function waterfall(all: Measured, { gapAt, confidence }: SimulateOptions): Promise<string> {
  const { errorRateChart, rateCrossing } = await import("@isthmus/plot");
  const measured = all.measured.map(({ name, points }): RateCurve => ({
    name,
    points: points.map(({ ebNoDb, bler, blerInterval }) => ({ x: ebNoDb, rate: bler, interval: blerInterval })),
  }));
  const known = all.known.map((curve) => drawnCurve(curve, all.ebNoDb));
  const curves = [...measured, ...known];
  const [own, ...others] = curves as [RateCurve, ...RateCurve[]];
  const gaps = comparisons(own, others).flatMap((pair, index): RateGap[] => {
    const rates = gapAt === undefined ? USUAL_GAPS[index]! : [gapAt];
    const rate = rates.find((one) => pair.every(({ points }) => rateCrossing(points, one) !== undefined));
    if (rate === undefined) return [];
    const place = ({ points }: RateCurve): number => rateCrossing(points, rate)!;
    const [better, worse] = pair.toSorted((a, b) => place(a) - place(b)).map(({ name }) => name);
    return [{ between: [better!, worse!], rate }];
  });
  const bounded = known.some(({ line }) => line === "dashed")
    ? `; dashed: no ${linkText(all.link)} code is better`
    : "";
  const limit = shannonLimitDb(all.link);
  const isInside = limit >= all.ebNoDb[0]! && limit <= all.ebNoDb.at(-1)!;
  return errorRateChart({
    title: `Block error rate, ${linkText(all.link)}`,
    subtitle: `${all.channel}; bars: ${100 * confidence} % intervals; arrows: no error seen${bounded}`,
    curves,
    gaps,
    ...(isInside && { verticals: [{ name: `Shannon limit ${limit.toFixed(2)} dB`, x: limit }] }),
  });
}

/** With the first baseline, and with the bound. */
function comparisons(own: RateCurve, others: readonly RateCurve[]): (readonly [RateCurve, RateCurve])[] {
  const bound = others.find(({ line }) => line === "dashed");
  const baseline = others.find(({ line, name }) => line !== "dashed" && !sameCodebook(own.name, name));
  return [baseline, bound].flatMap((other) => (other ? [[own, other] as const] : []));
}

/** The network and maximum likelihood of one model are too close for an arrow. */
function sameCodebook(one: string, other: string): boolean {
  return one.split(",")[0] === other.split(",")[0];
}
