// The demo as a new user runs it. In the full tier because it trains, and starts a service and two agents: a minute on a busy machine.
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { decode } from "fast-png";
import { expect, it } from "vitest";
import { root } from "../lib/paths.mjs";
import { quietly } from "../lib/process.mjs";

it("goes from two devices to the service and back, and ends by itself", async () => {
  const { code, stdout, output } = await quietly(process.execPath, [join(root, "tools/run.mjs"), "demo:edge"]);
  expect(code, output).toBe(0);
  const sent = (device: string): number[] =>
    [...new RegExp(`^${device} .* ([\\d,]+) +\\w+ ([\\d,]+) +([\\d,]+) +([\\d.]+) : 1$`, "m").exec(stdout)!]
      .slice(1)
      .map((text) => Number(text.replaceAll(",", "")));
  const [pumpRaw, , pumpSent, pumpRatio] = sent("pump-7") as [number, number, number, number];
  expect(pumpRaw).toBe(100 * 64 * 3 * 4);
  expect(pumpRatio).toBeCloseTo(pumpRaw / pumpSent, 0);
  expect(pumpSent).toBeLessThan(pumpRaw / 20);
  const [cameraRaw, png, cameraSent] = sent("camera-2") as [number, number, number];
  expect(cameraRaw).toBe(64 * 28 * 28);
  expect(cameraSent).toBeLessThan(png / 4);
  const errors = [.../^rms error.*$/m.exec(stdout)![0].matchAll(/([\d.]+) of ([\d.]+)/g)].map(
    ([, a, b]) => Number(a) / Number(b),
  );
  expect(errors).toHaveLength(3);
  // Of what the numbers vary by: a decoder that gave the mean would have 1.
  expect(Math.max(...errors)).toBeLessThan(0.3);
  const page = /The page: (http:\S+)/.exec(stdout)![1]!;
  await expect(fetch(page)).rejects.toThrow("fetch failed");
  const { width, height } = decode(await readFile(join(root, "out/edge/pictures.png")));
  expect([width, height].every((size) => size > 50)).toBe(true);
});
