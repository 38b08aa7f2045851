import type { TimeUnit } from "../config/config.ts";
import { clipped, LineError } from "./line-error.ts";

const MICROSECONDS: Readonly<Record<Exclude<TimeUnit, "iso">, number>> = { s: 1e6, ms: 1e3, us: 1 };

/** Microseconds since 1970 of what a row says. @throws LineError */
export function timeOf(text: string, unit: TimeUnit): number {
  const time = unit === "iso" ? 1000 * Date.parse(text) : Math.round(MICROSECONDS[unit] * Number(text || Number.NaN));
  if (Number.isSafeInteger(time) && time >= 0) return time;
  throw new LineError(`expected a time (${unit}), got ${clipped(text)}`);
}
