/** Animations written here are read by Pillow. */
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, describe, expect, it } from "vitest";
import { has, python } from "../../../../tools/lib/probe.mjs";
import { type AnimationFrame, animatedPng } from "../../src/index.ts";

interface Read {
  readonly size: readonly [number, number];
  readonly loop: number;
  readonly still: string;
  readonly frames: readonly { readonly pixels: string; readonly seconds: number }[];
}

const script = fileURLToPath(new URL("../../../../tools/fixtures/read_animated_png.py", import.meta.url));
const folder = mkdtempSync(join(tmpdir(), "isthmus-apng-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const [width, height] = [23, 17];

/** Discs that wander over a slope of colours. */
const frames: readonly AnimationFrame[] = Array.from({ length: 9 }, (_, index) => {
  const pixels = new Uint8Array(4 * width * height);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const isInside = Math.hypot(x - 2 * index, y - 8) < 4;
      pixels.set([isInside ? 20 * index : 11 * x, 15 * y, 99, 255], 4 * (y * width + x));
    }
  }
  return { pixels, seconds: (1 + index) / 100 };
});

describe.skipIf(!has()["PIL"])("an animated PNG", () => {
  it("is shown by Pillow frame by frame as it was given", async () => {
    const path = join(folder, "discs.apng");
    writeFileSync(path, await animatedPng({ width, height, frames }));
    const { status, stdout, stderr } = spawnSync(python, [script, path], { encoding: "utf8" });
    expect(status, stderr).toBe(0);
    const read = JSON.parse(stdout) as Read;
    const hex = (pixels: Uint8Array): string => Buffer.from(pixels).toString("hex");
    expect(read.size).toEqual([width, height]);
    expect(read.loop).toBe(0);
    expect(read.still).toBe(hex(frames.at(-1)!.pixels));
    expect(read.frames).toEqual(frames.map(({ pixels, seconds }) => ({ pixels: hex(pixels), seconds })));
  });
});
