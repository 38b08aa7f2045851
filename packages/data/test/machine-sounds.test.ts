import { describe, expect, it } from "vitest";
import { logMelSpectrogram, MACHINE_FAULTS, MACHINE_SAMPLE_RATE, machineSound } from "../src/index.ts";

const ONE = { machine: 1, recording: 2, seconds: 1 };

/** dB of each band, the mean of all frames. */
function bandsOf(sound: Float32Array): number[] {
  const { frames, bands, values } = logMelSpectrogram(sound, { sampleRate: MACHINE_SAMPLE_RATE });
  return Array.from({ length: bands }, (_, band) => {
    let sum = 0;
    for (let frame = 0; frame < frames; frame++) sum += values[frame * bands + band]!;
    return sum / frames;
  });
}

const healthy = machineSound(ONE);

it("is the same for the same options, and another for another machine, recording or seed", () => {
  expect(machineSound(ONE)).toEqual(healthy);
  for (const other of [{ machine: 2 }, { recording: 3 }, { seed: 1 }]) {
    expect(machineSound({ ...ONE, ...other })).not.toEqual(healthy);
  }
});

it("a longer one begins with a shorter one, within [-1, 1]", () => {
  expect(healthy).toHaveLength(MACHINE_SAMPLE_RATE);
  expect(machineSound({ ...ONE, seconds: 0.5 })).toEqual(healthy.subarray(0, MACHINE_SAMPLE_RATE / 2));
  expect(Math.max(...healthy.map(Math.abs))).toBeGreaterThan(0.1);
  expect(Math.max(...healthy.map(Math.abs))).toBeLessThan(1);
});

describe.each(MACHINE_FAULTS)("%s", (fault) => {
  it("of strength 0 is no fault", () => {
    expect(machineSound({ ...ONE, fault, strength: 0 })).toEqual(healthy);
  });

  it("differs the more the stronger it is", () => {
    const apart = [0.1, 0.5, 2].map((strength) => {
      const sound = machineSound({ ...ONE, fault, strength });
      return sound.reduce((sum, x, i) => sum + (x - healthy[i]!) ** 2, 0);
    });
    expect(apart[0]).toBeGreaterThan(0);
    expect(apart[1]).toBeGreaterThan(apart[0]!);
    expect(apart[2]).toBeGreaterThan(apart[1]!);
  });
});

it("faults are where they are said to be", () => {
  const before = bandsOf(healthy);
  const moved = Object.fromEntries(
    MACHINE_FAULTS.map((fault) => [fault, bandsOf(machineSound({ ...ONE, fault })).map((db, i) => db - before[i]!)]),
  );
  // Twice the amplitude of the shaft's own frequency: 6.02 dB of the lowest band, which has hardly anything else.
  expect(moved["imbalance"]![0]).toBeGreaterThan(5);
  expect(moved["imbalance"]!.slice(16).every((db) => Math.abs(db) < 0.5)).toBe(true);
  // 2400 to 4200 Hz are bands 78 to 100 of 128.
  const ringing = moved["bearing"]!.indexOf(Math.max(...moved["bearing"]!));
  expect(ringing).toBeGreaterThanOrEqual(78);
  expect(ringing).toBeLessThanOrEqual(101);
  expect(Math.max(...moved["bearing"]!)).toBeGreaterThan(6);
  expect(Math.max(...moved["worn tooth"]!)).toBeGreaterThan(6);
  expect(Math.min(...moved["missing pulse"]!)).toBeLessThan(-1);
});

it.each([
  [{ machine: -1 }, /"machine" expected a whole number >= 0, got -1/],
  [{ recording: 0.5 }, /"recording" expected a whole number >= 0, got 0.5/],
  [{ seconds: 0 }, /"seconds" expected a number in \(0, 3600\], got 0/],
  [{ strength: -1 }, /"strength" expected a number >= 0, got -1/],
  [{ fault: "rust" as never }, /"fault" expected one of bearing, imbalance, worn tooth, missing pulse, got rust/],
])("%j is refused", (options, message) => {
  expect(() => machineSound({ ...ONE, ...options })).toThrow(message);
});
