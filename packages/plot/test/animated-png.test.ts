import { crc32, inflateSync } from "node:zlib";
import { decode } from "fast-png";
import { describe, expect, it } from "vitest";
import { type AnimationFrame, animatedPng } from "../src/index.ts";

const [width, height] = [7, 5];

/** Opaque pixels that differ from frame to frame in some places only. */
function frame(index: number, seconds = 0.1): AnimationFrame {
  const pixels = new Uint8Array(4 * width * height).fill(255);
  pixels.set([10 * index, 200, 3], 4 * (width + 1 + index));
  pixels.set([1, 2, 3], 4 * 3 * width);
  return { pixels, seconds };
}

const frames = [frame(0, 0.04), frame(1), frame(2), frame(2), frame(4, 2.5)];

interface Chunk {
  readonly type: string;
  readonly bytes: Uint8Array;
  readonly data: DataView;
}

/** Every chunk, its check held to zlib's. */
function chunks(png: Uint8Array): Chunk[] {
  const view = new DataView(png.buffer, png.byteOffset, png.length);
  const found: Chunk[] = [];
  for (let at = 8; at < png.length; at += 12 + view.getUint32(at)) {
    const length = view.getUint32(at);
    expect(view.getUint32(at + 8 + length)).toBe(crc32(png.subarray(at + 4, at + 8 + length)));
    const bytes = png.subarray(at + 8, at + 8 + length);
    const type = String.fromCharCode(...png.subarray(at + 4, at + 8));
    found.push({ type, bytes, data: new DataView(bytes.buffer, bytes.byteOffset, length) });
  }
  return found;
}

/** What a viewer shows, frame by frame: each drawn over what was there before where it is opaque. */
function shown(png: Uint8Array): AnimationFrame[] {
  const canvas = new Uint8Array(4 * width * height);
  const all = chunks(png);
  return all.flatMap(({ type, data }, index) => {
    if (type !== "fcTL") return [];
    const [across, down, left, top] = [4, 8, 12, 16].map((at) => data.getUint32(at)) as [
      number,
      number,
      number,
      number,
    ];
    const rows = inflateSync(all[index + 1]!.bytes.subarray(4));
    expect(rows).toHaveLength(down * (1 + 4 * across));
    for (let y = 0; y < down; y++) {
      const row = rows.subarray(y * (1 + 4 * across), (y + 1) * (1 + 4 * across));
      expect(row[0]).toBe(0);
      for (let x = 0; x < across; x++) {
        const pixel = row.subarray(1 + 4 * x, 5 + 4 * x);
        if (pixel[3] === 255) canvas.set(pixel, 4 * ((top + y) * width + left + x));
        else expect(pixel[3]).toBe(0);
      }
    }
    return [{ pixels: canvas.slice(), seconds: data.getUint16(20) / data.getUint16(22) }];
  });
}

describe("animatedPng", () => {
  it("has every frame, drawn over the one before", async () => {
    const bytes = await animatedPng({ width, height, frames });
    expect(shown(bytes)).toEqual(frames);
    const control = chunks(bytes).find(({ type }) => type === "acTL")!.data;
    expect([control.getUint32(0), control.getUint32(4)]).toEqual([5, 0]);
  });

  it("shows the last frame where animations are not known", async () => {
    const still = decode(await animatedPng({ width, height, frames }), { checkCrc: true });
    expect(Uint8Array.from(still.data)).toEqual(frames.at(-1)!.pixels);
  });

  it("stores the rectangle that changed, and a pixel where nothing did", async () => {
    const controls = chunks(await animatedPng({ width, height, frames })).filter(({ type }) => type === "fcTL");
    const rectangles = controls.map(({ data }) => [4, 8, 12, 16].map((at) => data.getUint32(at)));
    // The moving pixel goes from column 1 + i to the next in row 1: both have changed.
    expect(rectangles).toEqual([
      [7, 5, 0, 0],
      [2, 1, 1, 1],
      [2, 1, 2, 1],
      [1, 1, 0, 0],
      [3, 1, 3, 1],
    ]);
  });

  it("counts frames and their data in one sequence, behind the picture", async () => {
    const all = chunks(await animatedPng({ width, height, frames }));
    const kinds = all.map(({ type }) => type);
    expect(kinds.slice(0, 3)).toEqual(["IHDR", "acTL", "IDAT"]);
    expect(kinds.at(-1)).toBe("IEND");
    const numbered = all.filter(({ type }) => type === "fcTL" || type === "fdAT");
    expect(numbered.map(({ data }) => data.getUint32(0))).toEqual(Array.from({ length: 10 }, (_, i) => i));
  });

  it("takes frames as they come, and gives the same bytes", async () => {
    async function* coming(): AsyncGenerator<AnimationFrame> {
      yield* frames;
    }
    expect(await animatedPng({ width, height, frames: coming() })).toEqual(
      await animatedPng({ width, height, frames }),
    );
  });

  it("refuses what is no animation", async () => {
    const { pixels } = frame(0);
    const clear = pixels.map((byte, at) => (at === 11 ? 254 : byte));
    const made = (changed: object) => animatedPng({ width, height, frames, ...changed });
    await expect(made({ frames: [] })).rejects.toThrow(/"frames" expected at least one, got none/);
    await expect(made({ width: 0 })).rejects.toThrow(/"width" expected 1 to 20000 pixels, got 0/);
    await expect(made({ height: 6 })).rejects.toThrow(/"pixels" of frame 0 expected 168 bytes, got 140/);
    await expect(made({ frames: [frame(0), { pixels: clear, seconds: 1 }] })).rejects.toThrow(
      /"pixels" of frame 1 expected opaque ones, got alpha 254/,
    );
    for (const seconds of [0, 66, Number.NaN])
      await expect(made({ frames: [{ pixels, seconds }] })).rejects.toThrow(/"seconds" expected 0.001 to 65.535/);
  });
});
