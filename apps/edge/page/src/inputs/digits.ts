import { sheetOf } from "../pixels/paint.ts";

/** So many are drawn to find one of each digit among them. */
const TRIED = 100;

/** A digit in somebody's handwriting, another each time; drawn by code, which is loaded then. */
export async function writtenDigit(digit: number): Promise<HTMLCanvasElement> {
  const { syntheticDigits, take } = await import("@isthmus/data");
  const written = syntheticDigits({ items: TRIED, seed: Math.floor(Math.random() * 2 ** 32), split: "test" });
  const at = Math.max(written.labels!.indexOf(digit), 0);
  const { values } = take(written, at, at + 1);
  return sheetOf({ kind: "picture", width: 28, height: 28, channels: 1 }, values);
}
