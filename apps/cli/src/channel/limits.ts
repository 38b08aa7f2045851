/** What theory says of all codes of a link. */
import {
  type Codebook,
  dimensions,
  type EbNo,
  type Link,
  metaConverse,
  normalApproximation,
  randomSphericalCode,
  shannonLimit,
  spherePackingBound,
  toDb,
} from "@isthmus/channel";
import type { Standing } from "./named-systems.ts";
import { type KnownCurve, knownCurve } from "./rate-table.ts";

/** Below so many real dimensions the normal approximation says nothing. */
const NORMAL_FROM = 50;

/** `(7,4)`; `(4 complex,16)`. */
export function linkText({ k, n, complex = false }: Link): string {
  return `(${n}${complex ? " complex" : ""},${Number(k.toFixed(3))})`;
}

/** `7 real uses`; `1 complex use`. */
export function usesText({ n, complex = false }: Pick<Link, "n" | "complex">): string {
  return `${n} ${complex ? "complex" : "real"} ${n === 1 ? "use" : "uses"}`;
}

/** `learned (7,4)`; names that say their size already are left as they are. */
export function titleOf(book: Codebook): string {
  return book.name.includes("(") ? book.name : `${book.name} ${linkText(book)}`;
}

/** Every limit that says something of a link of these dimensions. */
export function limitCurves(link: Link, ebNoDb: readonly number[]): KnownCurve[] {
  const curve = (name: string, standing: Standing, of: (link: Link, ebNo: EbNo) => number): KnownCurve =>
    knownCurve(name, { standing, of: (ebNo) => of(link, ebNo) }, ebNoDb);
  return [
    spherePacking(link, ebNoDb),
    curve("sphere packing, energy at most that", "lower bound", (all, ebNo) => spherePackingBound(all, ebNo, "atMost")),
    curve("meta-converse", "lower bound", metaConverse),
    curve("random spherical codes", "mean of random codes", randomSphericalCode),
    ...(dimensions(link) < NORMAL_FROM ? [] : [curve("normal approximation", "approximation", normalApproximation)]),
  ];
}

/** The limit of codes all of whose points have the same energy. */
export function spherePacking(link: Link, ebNoDb: readonly number[]): KnownCurve {
  const of = (ebNo: EbNo): number => spherePackingBound(link, ebNo);
  return knownCurve(`sphere packing ${linkText(link)}`, { standing: "lower bound", of }, ebNoDb);
}

/** Of long codes, dB. */
export function shannonLimitDb(link: Link): number {
  return toDb(shannonLimit(link));
}
