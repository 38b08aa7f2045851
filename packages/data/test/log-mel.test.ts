import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { logMelSpectrogram, type LogMelOptions } from "../src/index.ts";

interface Case extends Required<LogMelOptions> {
  readonly samples: readonly number[];
  readonly shape: readonly [number, number];
  readonly values: readonly number[];
}

const fixture = new URL("./fixtures/log-mel.json", import.meta.url);
const { cases } = JSON.parse(readFileSync(fixture, "utf8")) as { cases: readonly Case[] };

describe.each(cases)(
  "$bands bands of frames of $window at $sampleRate Hz",
  ({ samples, shape, values, ...options }) => {
    it("are those of NumPy and SciPy", () => {
      const made = logMelSpectrogram(
        Float32Array.from(samples, (sample) => sample / 2 ** 14),
        options,
      );
      expect([made.frames, made.bands]).toEqual(shape);
      // The fixture has 6 digits behind the point; float32 rounds 156 by 8e-6 at most; the sums are float64.
      made.values.forEach((value, i) => expect(Math.abs(value - values[i]!)).toBeLessThan(2e-5));
    });
  },
);

it("an impulse has the same power in all bins, and a triangle of equal area the share of a bin of it", () => {
  const samples = new Float32Array(9024);
  samples[8000] = 1;
  const { values, bands } = logMelSpectrogram(samples, { sampleRate: 16_000, window: 1024, hop: 64 });
  const frame = (8000 - 512) / 64; // The impulse in its middle, where the window is 1.
  // As far as it has enough bins: the widest one has 24.
  expect(values[frame * bands + bands - 1]).toBeCloseTo(10 * Math.log10(1 / 15.625), 1);
});

it("moves by 20 log10 of the sound's scale", () => {
  const tone = Float32Array.from({ length: 2048 }, (_, n) => Math.sin(0.3 * n));
  const loud = logMelSpectrogram(tone, { sampleRate: 8000, window: 512, bands: 32 });
  const half = logMelSpectrogram(
    tone.map((x) => x / 2),
    { sampleRate: 8000, window: 512, bands: 32 },
  );
  const peak = loud.values.indexOf(Math.max(...loud.values));
  expect(loud.values[peak]! - half.values[peak]!).toBeCloseTo(20 * Math.log10(2), 5);
});

it("a sound shorter than a frame has none", () => {
  expect(logMelSpectrogram(new Float32Array(1023), { sampleRate: 16_000 })).toEqual({
    frames: 0,
    bands: 128,
    values: new Float32Array(0),
  });
});

it.each([
  [{ sampleRate: 0 }, /"sampleRate" expected a positive finite number, got 0/],
  [{ sampleRate: 8000, window: 1000 }, /"window" expected a power of two from 2 to 2\^24, got 1000/],
  [{ sampleRate: 8000, hop: 0 }, /"hop" expected a whole number >= 1, got 0/],
  [{ sampleRate: 8000, bands: 1.5 }, /"bands" expected a whole number >= 1, got 1.5/],
])("%j is refused", (options, message) => {
  expect(() => logMelSpectrogram(new Float32Array(10), options)).toThrow(message);
});
