import { randomUniform } from "@isthmus/math";

/** What every chaos device measures at a time. */
export const CHANNELS: readonly string[] = ["speed", "load"];
/** Rows of an item. */
export const WINDOW = 16;
/** Rows of a turn of the device's machine. */
const PERIOD = 23;

/** The `index`-th row of a device: a function of both and nothing else, so that anyone can tell what it must have encoded. */
export function row(device: number, index: number): number[] {
  const noise = new Float32Array(CHANNELS.length);
  randomUniform(noise, { seed: device, stream: "chaos.rows", step: index });
  return CHANNELS.map((_, channel) => {
    const angle = (2 * Math.PI * (index + 3 * device)) / (PERIOD + 7 * channel);
    return Number((20 * (channel + 1) + 5 * Math.sin(angle) + noise[channel]!).toFixed(3));
  });
}

/** Rows `from` up to `to` as lines of CSV. */
export function csvLines(device: number, from: number, to: number): string {
  let text = "";
  for (let index = from; index < to; index++) text += `${row(device, index).join(",")}\n`;
  return text;
}

/** The samples of a device's `item`-th window: rows one after the other. */
export function samplesOf(device: number, item: number): Float64Array {
  return Float64Array.from(Array.from({ length: WINDOW }, (_, i) => row(device, item * WINDOW + i)).flat());
}
