import { encode } from "fast-png";
import { bigEndian, chunk, chunksOf, joined, SIGNATURE } from "./png-chunks.ts";

/** A picture that is shown for a while. */
export interface AnimationFrame {
  /** [height, width, 4] bytes: red, green, blue and alpha; every pixel opaque. */
  readonly pixels: Uint8Array;
  readonly seconds: number;
}

export interface AnimatedPng {
  /** Pixels, of every frame. */
  readonly width: number;
  readonly height: number;
  /** Taken one by one: a frame is not kept after the next has come. */
  readonly frames: Iterable<AnimationFrame> | AsyncIterable<AnimationFrame>;
}

/** Bytes of a pixel. */
const PIXEL = 4;
/** Delays are counted in these, seconds. */
const TICK = 1e-3;
const MOST_TICKS = 0xffff;
/** Of compression: charts become little smaller by more, and take twice as long. */
const LEVEL = 6;

/**
 * Pictures one after the other, again and again, as an animated PNG (PNG specification, third edition, 11.3.5): browsers and picture viewers
 * move it, what knows no animation shows the last frame. Of each frame only what changed is stored. The same frames give the same bytes.
 *
 * @throws RangeError for a size that is no picture's, no frame, a frame of another size or that is not opaque, and seconds outside (0, 65]
 */
export async function animatedPng({ width, height, frames }: AnimatedPng): Promise<Uint8Array> {
  requireSide("width", width);
  requireSide("height", height);
  const changes: Change[] = [];
  let last: Uint8Array | undefined;
  for await (const { pixels, seconds } of frames) {
    requireFrame(pixels, width * height, changes.length);
    const ticks = ticksOf(seconds);
    const patch = last ? changedPart(last, pixels, width, height) : { x: 0, y: 0, width, height, data: pixels };
    changes.push({ ...patch, ticks, data: compressed(patch) });
    last = pixels;
  }
  if (!last) throw new RangeError(`"frames" expected at least one, got none`);
  return assembled(encode(picture({ width, height, data: last }), { zlib: { level: LEVEL } }), changes);
}

/** A rectangle of pixels. */
interface Patch {
  readonly width: number;
  readonly height: number;
  readonly data: Uint8Array;
}

/** A frame as the file has it: compressed data of what is drawn over the frame before. */
interface Change extends Patch {
  readonly x: number;
  readonly y: number;
  readonly ticks: number;
}

function picture({ width, height, data }: Patch) {
  return { width, height, data, channels: PIXEL, depth: 8 } as const;
}

/** What differs, in the smallest rectangle that holds it; all else in there is transparent. */
function changedPart(before: Uint8Array, after: Uint8Array, width: number, height: number) {
  const [from, to] = [words(before), words(after)];
  let [left, top, right, bottom] = [width, height, 0, 0];
  for (let at = 0; at < to.length; at++) {
    if (from[at] === to[at]) continue;
    const [x, y] = [at % width, Math.floor(at / width)];
    [left, top, right, bottom] = [Math.min(left, x), Math.min(top, y), Math.max(right, x + 1), y + 1];
  }
  // A frame like the one before is one transparent pixel.
  if (right === 0) return { x: 0, y: 0, width: 1, height: 1, data: new Uint8Array(PIXEL) };
  const size = { width: right - left, height: bottom - top };
  const data = new Uint32Array(size.width * size.height);
  for (let y = 0; y < size.height; y++) {
    for (let x = 0; x < size.width; x++) {
      const at = (top + y) * width + left + x;
      if (from[at] !== to[at]) data[y * size.width + x] = to[at]!;
    }
  }
  return { x: left, y: top, ...size, data: new Uint8Array(data.buffer) };
}

/** Pixels as whole numbers, to be compared. */
function words(pixels: Uint8Array): Uint32Array {
  const aligned = pixels.byteOffset % PIXEL === 0 ? pixels : pixels.slice();
  return new Uint32Array(aligned.buffer, aligned.byteOffset, aligned.length / PIXEL);
}

function compressed(patch: Patch): Uint8Array {
  const all = chunksOf(encode(picture(patch), { zlib: { level: LEVEL } }));
  return joined(all.filter(({ type }) => type === "IDAT").map(({ data }) => data));
}

/**
 * The chunks of a picture of the last frame with all frames behind them: IHDR acTL IDAT (fcTL fdAT)... IEND. The first picture is of no
 * part in the animation.
 */
function assembled(still: Uint8Array, changes: readonly Change[]): Uint8Array {
  const [head, ...others] = chunksOf(still);
  const end = others.pop()!;
  let sequence = 0;
  const animation = changes.flatMap((change) => [
    chunk("fcTL", frameControl(sequence++, change)),
    chunk("fdAT", joined([bigEndian(sequence++), change.data])),
  ]);
  const rest = others.map(({ type, data }) => chunk(type, data));
  return joined([
    still.subarray(0, SIGNATURE),
    chunk(head!.type, head!.data),
    chunk("acTL", bigEndian(changes.length, FOREVER)),
    ...rest,
    ...animation,
    chunk(end.type, end.data),
  ]);
}

/** Rounds of an animation that does not end. */
const FOREVER = 0;
/** What was drawn stays, and the next frame is drawn over it. */
const [DISPOSE_NONE, BLEND_OVER] = [0, 1] as const;

function frameControl(sequence: number, { width, height, x, y, ticks }: Change): Uint8Array {
  const control = new Uint8Array(26);
  control.set(bigEndian(sequence, width, height, x, y));
  const view = new DataView(control.buffer);
  view.setUint16(20, ticks);
  view.setUint16(22, Math.round(1 / TICK));
  control.set([DISPOSE_NONE, BLEND_OVER], 24);
  return control;
}

function requireSide(name: string, value: number): void {
  if (Number.isInteger(value) && value >= 1 && value <= 20_000) return;
  throw new RangeError(`"${name}" expected 1 to 20000 pixels, got ${value}`);
}

function requireFrame(pixels: Uint8Array, count: number, index: number): void {
  if (pixels.length !== PIXEL * count)
    throw new RangeError(`"pixels" of frame ${index} expected ${PIXEL * count} bytes, got ${pixels.length}`);
  for (let at = PIXEL - 1; at < pixels.length; at += PIXEL) {
    if (pixels[at] !== 255)
      throw new RangeError(`"pixels" of frame ${index} expected opaque ones, got alpha ${pixels[at]}`);
  }
}

function ticksOf(seconds: number): number {
  const ticks = Math.round(seconds / TICK);
  if (ticks >= 1 && ticks <= MOST_TICKS) return ticks;
  throw new RangeError(`"seconds" expected 0.001 to 65.535, got ${seconds}`);
}
