import { randomNormal } from "@isthmus/math";

/** What the demo's sensor measures at a time, a hundred times a second. */
export const CHANNELS: readonly string[] = ["flow", "pressure", "vibration"];
const RATE = 100;
/** Turns of the pump a second. */
const TURNS = 4.7;

/** Row `index` of a pump that runs since `index` 0: the same in every run. */
export function pumpRow(index: number): number[] {
  const noise = new Float32Array(CHANNELS.length);
  randomNormal(noise, { seed: 7, stream: "demo.pump", step: index });
  const seconds = index / RATE;
  const turn = Math.sin(2 * Math.PI * TURNS * seconds);
  const load = 1 + 0.3 * Math.sin((2 * Math.PI * seconds) / 19);
  return [
    42 * load + 1.5 * turn + 0.2 * noise[0]!,
    3.1 - 0.4 * load + 0.05 * Math.sin(2 * Math.PI * TURNS * seconds - 0.8) + 0.01 * noise[1]!,
    load * (turn + 0.4 * Math.sin(6 * Math.PI * TURNS * seconds)) + 0.05 * noise[2]!,
  ].map((value) => Number(value.toFixed(3)));
}

/** Rows `from` up to `to` as lines of CSV, without the names. */
export function pumpLines(from: number, to: number): string {
  return Array.from({ length: to - from }, (_, i) => `${pumpRow(from + i).join(",")}\n`).join("");
}
