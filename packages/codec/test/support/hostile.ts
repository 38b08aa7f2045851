/** Hostile inputs, drawn from fixed seeds: each is refused by a code that says where, or decoded rightly. */
import { beforeAll, expect, it } from "vitest";
import { cornerSeries } from "./hostile-corners.ts";
import { type HostileKind, type HostileSeries, runCase } from "./hostile-draws.ts";
import { latentKinds, latentSeries } from "./hostile-latents.ts";
import { losslessKinds, losslessSeries } from "./hostile-lossless.ts";
import { sessionKinds, sessionSeries } from "./hostile-sessions.ts";

const hostileKinds: readonly HostileKind[] = [...latentKinds, ...sessionKinds, ...losslessKinds];
const hostileSeries: readonly HostileSeries[] = [...latentSeries, ...sessionSeries, ...losslessSeries, ...cornerSeries];

/** Runs the cases of one seed and says which outcomes there were; a failure says which case it was. */
function soak(cases: number, kind: HostileKind): string[] {
  const found = new Set<string>();
  for (let index = 0; index < cases; index++) {
    try {
      found.add(runCase(kind, index));
    } catch (cause) {
      throw new Error(`case ${index} of seed ${kind.seed}`, { cause });
    }
  }
  return [...found].sort();
}

/** Bytes of objects and arrays in use after collection. */
function bytesInUse(): number {
  for (let i = 0; i < 5; i++) globalThis.gc!();
  const { heapUsed, arrayBuffers } = process.memoryUsage();
  return heapUsed + arrayBuffers;
}

/** Tests of so many cases of each kind. */
export function hostileTests(cases: number): void {
  const before = { inUse: 0, peakKiB: 0 };
  beforeAll(() => {
    for (const kind of hostileKinds) soak(2000, { ...kind, seed: 0 });
    Object.assign(before, { inUse: bytesInUse(), peakKiB: process.resourceUsage().maxRSS });
  });

  it.each(hostileSeries)("$name, $cases times", ({ cases: count, run }) => {
    for (let index = 0; index < count; index++) run(index);
  });

  it.each(hostileKinds)(`$name, ${cases} times or a share of it`, (kind) => {
    const found = soak(Math.ceil(cases * (kind.share ?? 1)), kind);
    expect(found).toEqual(expect.arrayContaining([...kind.outcomes]));
  });

  it("all in memory that does not grow", () => {
    // A third of a byte for each case: nothing is kept of any. Measured: 41 kB.
    expect(bytesInUse() - before.inUse).toBeLessThan(2 ** 20);
    // Garbage between two collections; a size that is believed before it is checked would be gigabytes. Measured: 54 MB.
    expect(process.resourceUsage().maxRSS - before.peakKiB).toBeLessThan(128 * 1024);
  });
}
