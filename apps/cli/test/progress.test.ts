import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { duration, grouped } from "../src/console.ts";
import { progressText } from "../src/progress.ts";
import { isthmus } from "./support/cli.ts";
import { SMALL } from "./support/data.ts";
import { temporaryFolder } from "./support/folder.ts";

describe("duration", () => {
  it.each([
    [0, "0.0 s"],
    [0.4, "0.4 s"],
    [9.94, "9.9 s"],
    [9.95, "10 s"],
    [59.4, "59 s"],
    [59.5, "1 min 00 s"],
    [60, "1 min 00 s"],
    [100, "1 min 40 s"],
    [3599.4, "59 min 59 s"],
    [3599.5, "1 h 00 min"],
    [3600, "1 h 00 min"],
    [7500, "2 h 05 min"],
    [90_000, "25 h 00 min"],
  ])("of %d seconds is %s", (seconds, text) => {
    expect(duration(seconds)).toBe(text);
  });
});

it("grouped puts commas between thousands", () => {
  expect([0, 999, 1000, 1_234_567].map(grouped)).toEqual(["0", "999", "1,000", "1,234,567"]);
});

describe("progressText", () => {
  const progress = { epoch: 2, epochs: 10, steps: 1000, loss: 112.346, itemsPerSecond: 41_234.4, etaSeconds: 65 };

  it("tells epoch, share, loss, rate and the time that is left", () => {
    expect(progressText({ ...progress, step: 250 })).toBe(
      "epoch 2/10 [######------------------] 25 %  loss 112.35  41,234 items/s  ETA 1 min 05 s",
    );
  });

  it("is empty at the beginning, full only at the end, and never another width", () => {
    const bars = [0, 1, 500, 979, 999, 1000].map((step) => /\[(.*)\] (\d+)/.exec(progressText({ ...progress, step }))!);
    expect(bars.map(([, bar]) => bar!.length)).toEqual(Array.from(bars, () => 24));
    expect(bars.map(([, , percent]) => percent)).toEqual(["0", "0", "50", "97", "99", "100"]);
    expect(bars[0]![1]).toBe("-".repeat(24));
    expect(bars[4]![1]).toBe(`${"#".repeat(23)}-`);
    expect(bars[5]![1]).toBe("#".repeat(24));
  });
});

describe("training", () => {
  const train = async (): Promise<string[]> => {
    return ["train", "vae", ...SMALL, "--epochs", "2", "-o", join(await temporaryFolder(), "m.safetensors")];
  };

  it("draws one line over itself on a terminal, no wider than that, and takes it away", async () => {
    const { stderr } = await isthmus(await train(), { columns: 40 });
    const drawn = stderr.split("\r\u001B[K").filter((piece) => piece.includes("["));
    expect(drawn.length).toBeGreaterThan(0);
    for (const line of drawn) expect(line).toMatch(/^epoch [12]\/2 \[[#-]+.{0,40}$/);
    for (const line of drawn) expect(line.length).toBeLessThan(40);
    const kept = stderr.split("\n").map((line) => line.split("\r\u001B[K").at(-1));
    expect(kept.filter((line) => line!.includes("["))).toEqual([]);
    expect(kept.filter((line) => line!.startsWith("epoch "))).toHaveLength(2);
  });

  it("draws nothing where there is none", async () => {
    const { stderr } = await isthmus(await train());
    expect(stderr).not.toContain("\r");
    expect(stderr).not.toContain("\u001B");
    expect(stderr.match(/^epoch \d\/2  train loss \d+\.\d\d  \|  test negElbo .+\((\d\.\d|\d\d) s\)$/gm)).toHaveLength(
      2,
    );
  });
});
