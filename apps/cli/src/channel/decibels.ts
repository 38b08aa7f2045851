import { InvalidArgumentError, Option } from "commander";

const MOST_POINTS = 1000;

/** `0:8:1` from the first to the last in steps, `0:8` in steps of 1; `-1,3.5,7`; `4`. */
export function decibels(text: string): number[] {
  const points = text.includes(":") ? range(text) : text.split(",").map(finite);
  if (points.some((point, index) => index > 0 && point <= points[index - 1]!)) throw wrong("in ascending order");
  return points;
}

export function ebNoOption(what: string, usual = "0:8:1"): Option {
  return new Option("--ebno <dB>", what).argParser(decibels).default(decibels(usual), usual);
}

function range(text: string): number[] {
  const [from, to, step = 1, ...rest] = text.split(":").map(finite);
  if (from === undefined || to === undefined || rest.length > 0) throw wrong("of two or three parts");
  if (!(step > 0) || to < from) throw wrong("that rises");
  // 0:0.3:0.1 has its end, although 0.3 / 0.1 is a little less than 3.
  const count = Math.floor((to - from) / step + 1e-9) + 1;
  if (count > MOST_POINTS) throw wrong(`of at most ${MOST_POINTS} points`);
  return Array.from({ length: count }, (_, index) => Number((from + index * step).toFixed(9)));
}

function finite(text: string): number {
  const value = Number(text);
  if (text.trim() === "" || !Number.isFinite(value) || Math.abs(value) > 300) throw wrong("of numbers");
  return value;
}

function wrong(what: string): InvalidArgumentError {
  return new InvalidArgumentError(`expected decibels such as 0:8:1, 2,4,6 or 4: a list ${what}.`);
}
