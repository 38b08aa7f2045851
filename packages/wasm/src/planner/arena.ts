import type { Buffer } from "./plan.ts";
import type { Tenancy } from "./lifetimes.ts";

/** A cache line, and a multiple of what any kernel asks for. */
export const ALIGNMENT = 64;

export function align(bytes: number): number {
  return Math.ceil(bytes / ALIGNMENT) * ALIGNMENT;
}

interface Placed {
  readonly tenancy: Tenancy;
  readonly start: number;
  readonly end: number;
}

/**
 * Offsets for buffers such that those alive together do not overlap: the largest first, each in the lowest gap that
 * holds it (greedy by size; Pisarchyk, Lee 2020, section 5.2).
 */
export function packTenancies(tenancies: readonly Tenancy[], offsets: Map<Buffer, number>): number {
  const placed: Placed[] = [];
  const bySize = [...tenancies].sort((a, b) => b.bytes - a.bytes || a.first - b.first);
  for (const tenancy of bySize) {
    const start = lowestGap(tenancy, placed);
    placed.push({ tenancy, start, end: start + align(tenancy.bytes) });
    for (const buffer of tenancy.buffers) offsets.set(buffer, start);
  }
  return Math.max(0, ...placed.map(({ end }) => end));
}

function lowestGap(tenancy: Tenancy, placed: readonly Placed[]): number {
  const neighbours = placed
    .filter((other) => tenancy.first <= other.tenancy.last && other.tenancy.first <= tenancy.last)
    .sort((a, b) => a.start - b.start);
  let start = 0;
  for (const other of neighbours) {
    if (start + align(tenancy.bytes) <= other.start) break;
    start = Math.max(start, other.end);
  }
  return start;
}

/** Offsets one after the other. */
export function packInARow(buffers: readonly Buffer[], offsets: Map<Buffer, number>): number {
  let end = 0;
  for (const buffer of buffers) {
    offsets.set(buffer, end);
    end += align(buffer.bytes);
  }
  return end;
}
