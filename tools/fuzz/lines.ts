/** What the program that tries hostile inputs tells the one that started it. */
import type { FileCoverage } from "./coverage.ts";

export interface KindResult {
  readonly name: string;
  readonly cases: number;
  /** How many cases ended so: an error's code, or `decoded`. */
  readonly outcomes: Readonly<Record<string, number>>;
  /** Of those that must be among the outcomes, the ones that are not. */
  readonly missing: readonly string[];
  /** Where a kind has lines of its own: bytes, and milliseconds of 99 in 100 that were refused. */
  readonly most?: { readonly bytes: number; readonly milliseconds: number };
  /** Milliseconds of reading: of half the cases, of 99 in 100, and of 99 in 100 of those that were refused. */
  readonly median: number;
  readonly p99: number;
  readonly p99Refused: number | null;
  readonly slowest: { readonly index: number; readonly ms: number };
  /** Bytes that V8 counts more after reading than before. */
  readonly largest: { readonly index: number; readonly bytes: number };
}

export type Line =
  | { readonly begins: string }
  | { readonly at: number }
  | { readonly kind: KindResult }
  | { readonly coverage: readonly FileCoverage[] }
  /** By how much the process's most memory, as the system counts it, grew over all cases. */
  | { readonly grownKiB: number };
