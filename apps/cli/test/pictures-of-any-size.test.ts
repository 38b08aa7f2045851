/** encode and decode of pictures of any size: their geometry, their colours, their names, and what is refused. */
import { readFileSync } from "node:fs";
import { mkdir, readdir, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { parseNpy } from "@isthmus/data";
import { decode as decodePng, encode as encodePng } from "fast-png";
import sharp from "sharp";
import { beforeAll, describe, expect, it } from "vitest";
import { complaint, isthmus, report } from "./support/cli.ts";
import { sharedFolder } from "./support/folder.ts";

const folder = await sharedFolder();
const at = (name: string): string => join(folder, name);
const colour = at("colour.safetensors");
const grey = at("grey.safetensors");

/** A gradient that no two pixels of a row share; of four channels the last is opacity. */
function png(name: string, [width, height]: readonly [number, number], channels: 1 | 2 | 3 | 4): Promise<void> {
  const data = Uint8Array.from({ length: width * height * channels }, (_, i) => (i * 37 + 11 * (i % channels)) & 255);
  return writeFile(at(name), encodePng({ width, height, channels, depth: 8, data }));
}

function sizeOf(name: string): readonly number[] {
  const { width, height, channels } = decodePng(readFileSync(at(name)));
  return [width, height, channels];
}

beforeAll(async () => {
  await mkdir(at("train"));
  for (let i = 0; i < 12; i++) await png(`train/${i}.png`, [16, 16], 3);
  const trained = [
    "train",
    "learned-codec",
    "--data",
    at("train"),
    "--epochs",
    "1",
    "--channels",
    "3",
    "--hidden",
    "none",
  ];
  const shape = [...trained, "--latent", "4", "--qualities", "2", "--test-share", "0.2"];
  await report(...shape, "--streams", "2", "-o", colour);
  await report(...shape, "--grey", "-o", grey);
});

describe("a picture of any size", () => {
  it.each([
    [1, 1],
    [5, 40],
    [16, 32],
    [50, 33],
  ] as const)("of %d x %d pixels comes back in its size", async (width, height) => {
    await png("p.png", [width, height], 3);
    const made = await report("encode", colour, at("p.png"), "--quality", "1", "-o", at("p.isth"));
    const bytes = readFileSync(at("p.isth")).length;
    const tiles = { across: Math.ceil(width / 16), down: Math.ceil(height / 16) };
    const fileBytes = readFileSync(at("p.png")).length;
    const bitsPerPixel = (8 * bytes) / (width * height);
    const picture = { file: at("p.png"), width, height, channels: 3, tiles, bytes, fileBytes };
    expect(made).toEqual({ pictures: [picture], bytes, bitsPerPixel, fileBytes, out: at("p.isth") });
    const said = await report("decode", colour, at("p.isth"), "-o", at("back.png"));
    expect(said.pictures).toEqual([{ name: "p", width, height, channels: 3 }]);
    expect(sizeOf("back.png")).toEqual([width, height, 3]);
    const { frames } = await report("inspect", at("p.isth"));
    expect(frames).toMatchObject([{ quality: 1, geometry: { width, height, channels: 3 }, seamless: true }]);
    expect(frames[0].items).toBe(tiles.across * tiles.down);
  });

  it("is divided as the model was trained, so that a reader does without a stream", async () => {
    await png("p.png", [40, 20], 3);
    await report("encode", colour, at("p.png"), "-o", at("p.isth"));
    const { frames } = await report("inspect", at("p.isth"));
    expect(frames[0].payloads.length).toBe(2);
    const bytes = readFileSync(at("p.isth"));
    bytes[bytes.length - 1]! ^= 1;
    await writeFile(at("hurt.isth"), bytes);
    expect(await complaint("decode", colour, at("hurt.isth"), "-o", at("n.png"))).toMatch(/payload 1 is damaged/);
    const said = await report("decode", colour, at("hurt.isth"), "--lost", "replace", "-o", at("rescued.png"));
    expect(said.lost).toEqual([{ frame: 0, payload: 1, channels: [2, 4], state: "damaged" }]);
    expect(sizeOf("rescued.png")).toEqual([40, 20, 3]);
    await report("encode", colour, at("p.png"), "--payloads", "1", "-o", at("one.isth"));
    expect((await report("inspect", at("one.isth"))).frames[0].payloads.length).toBe(1);
  });

  it("is read as JPEG and WebP too, and written as .npy", async () => {
    await png("p.png", [20, 18], 3);
    await sharp(at("p.png")).jpeg().toFile(at("p.jpg"));
    await sharp(at("p.png")).webp({ lossless: true }).toFile(at("p.webp"));
    for (const name of ["p.png", "p.webp", "p.jpg"]) await report("encode", colour, at(name), "-o", at(`${name}.isth`));
    expect(readFileSync(at("p.webp.isth"))).toEqual(readFileSync(at("p.png.isth")));
    await report("decode", colour, at("p.png.isth"), "-o", at("p.npy"));
    const { shape, values } = parseNpy(readFileSync(at("p.npy")));
    expect(shape).toEqual([1, 18, 20, 3]);
    await report("decode", colour, at("p.png.isth"), "-o", at("back.png"));
    const levels = Array.from(values as Float32Array, (value) => Math.min(255, Math.max(0, Math.round(255 * value))));
    expect([...decodePng(readFileSync(at("back.png"))).data]).toEqual(levels);
  });

  it("draws how much is done on a terminal", async () => {
    await png("p.png", [20, 18], 3);
    const { stderr } = await isthmus(["encode", colour, at("p.png"), "-o", at("p.isth")], { columns: 100 });
    expect(stderr).toContain(`1/1 [########################] 100 %  ${at("p.png")}`);
  });
});

describe("colours", () => {
  it("of a grey picture are the same in all channels of a model in colour", async () => {
    await png("g.png", [9, 9], 1);
    await report("encode", colour, at("g.png"), "-o", at("g.isth"));
    const data = decodePng(readFileSync(at("g.png"))).data as Uint8Array;
    const tripled = Uint8Array.from({ length: 3 * data.length }, (_, i) => data[Math.floor(i / 3)]!);
    await writeFile(at("t.png"), encodePng({ width: 9, height: 9, channels: 3, depth: 8, data: tripled }));
    await report("encode", colour, at("t.png"), "-o", at("t.isth"));
    expect(readFileSync(at("t.isth"))).toEqual(readFileSync(at("g.isth")));
    await report("encode", grey, at("t.png"), "-o", at("t1.isth"));
    await report("encode", grey, at("g.png"), "-o", at("g1.isth"));
    expect(readFileSync(at("t1.isth"))).toEqual(readFileSync(at("g1.isth")));
    await report("decode", grey, at("g1.isth"), "-o", at("back.png"));
    expect(sizeOf("back.png")).toEqual([9, 9, 1]);
  });

  it("are refused by a model of grey pictures, unless brightness is asked for", async () => {
    await png("c.png", [9, 9], 3);
    const refused = await complaint("encode", grey, at("c.png"), "-o", at("never.isth"));
    expect(refused).toBe(
      `${at("c.png")}: it is in colour, and one channel of grey is asked for; the model is of grey pictures; --grey gives it their brightness`,
    );
    await report("encode", grey, at("c.png"), "--grey", "-o", at("c.isth"));
    expect((await report("inspect", at("c.isth"))).frames[0].geometry).toEqual({ height: 9, width: 9, channels: 1 });
    expect(await complaint("encode", colour, at("c.png"), "--grey", "-o", at("never.isth"))).toMatch(/in colour$/);
  });

  it("that let others through are laid on a background, which is asked for", async () => {
    const half = Uint8Array.from({ length: 6 * 5 * 4 }, (_, i) => (i % 4 === 3 ? 0 : 200));
    await writeFile(at("a.png"), encodePng({ width: 6, height: 5, channels: 4, depth: 8, data: half }));
    expect(await complaint("encode", colour, at("a.png"), "-o", at("never.isth"))).toMatch(
      /it is not opaque; --background white lays it on white$/,
    );
    const laid = new Uint8Array(6 * 5 * 3).map((_, i) => [0x10, 0x20, 0xff][i % 3]!);
    await writeFile(at("l.png"), encodePng({ width: 6, height: 5, channels: 3, depth: 8, data: laid }));
    await report("encode", colour, at("a.png"), "--background", "#1020fF", "-o", at("a.isth"));
    await report("encode", colour, at("l.png"), "-o", at("l.isth"));
    expect(readFileSync(at("a.isth"))).toEqual(readFileSync(at("l.isth")));
    const opaque = half.map((value, i) => (i % 4 === 3 ? 255 : value));
    await writeFile(at("o.png"), encodePng({ width: 6, height: 5, channels: 4, depth: 8, data: opaque }));
    await report("encode", colour, at("o.png"), "-o", at("o.isth"));
    const wrong = ["--background", "pink", "-o", at("never.isth")];
    expect(await complaint("encode", colour, at("a.png"), ...wrong)).toContain("expected white, black or #rrggbb");
  });
});

describe("several pictures", () => {
  beforeAll(async () => {
    await mkdir(at("photos/more"), { recursive: true });
    await png("photos/a.png", [20, 10], 3);
    await png("photos/more/b.png", [3, 30], 3);
    await writeFile(at("photos/notes.txt"), "no picture");
    await png("c.png", [16, 16], 3);
  });

  it("are a file each in a new folder, and pictures of the same names again", async () => {
    const made = await report("encode", colour, at("photos"), at("c.png"), "-o", at("streams"));
    expect(made.pictures.map(({ file }: { file: string }) => file)).toEqual([
      ...[at("photos/a.png"), at("photos/more/b.png"), at("c.png")],
    ]);
    expect((await readdir(at("streams"), { recursive: true })).sort()).toEqual([
      ...["a.isth", "c.isth", "more", join("more", "b.isth")],
    ]);
    const said = await report("decode", colour, at("streams"), "-o", at("pictures"));
    expect(said.pictures.map(({ name }: { name: string }) => name)).toEqual(["a", "c", join("more", "b")]);
    expect([sizeOf("pictures/a.png"), sizeOf("pictures/more/b.png")]).toEqual([
      [20, 10, 3],
      [3, 30, 3],
    ]);
    expect(await complaint("encode", colour, at("c.png"), "-o", at("streams"))).toMatch(/is there already/);
    expect(await complaint("decode", colour, at("streams"), "-o", at("pictures"))).toMatch(/is there already/);
  });

  it("are one file, and a folder of numbered pictures", async () => {
    await report("encode", colour, at("photos"), "-o", at("all.isth"));
    await report("decode", colour, at("all.isth"), "-o", at("numbered"));
    expect((await readdir(at("numbered"))).sort()).toEqual(["all-1.png", "all-2.png"]);
    expect(await complaint("decode", colour, at("all.isth"), "-o", at("n.png"))).toMatch(
      /holds 2 pictures; name a folder/,
    );
    expect(await complaint("decode", colour, at("all.isth"), "-o", at("n.npy"))).toMatch(
      /20 x 10 and 3 x 30; name a folder/,
    );
    await report("encode", colour, at("c.png"), at("c.png"), "-o", at("twice.isth"));
    await report("decode", colour, at("twice.isth"), "-o", at("twice.npy"));
    expect(parseNpy(readFileSync(at("twice.npy"))).shape).toEqual([2, 16, 16, 3]);
  });

  it("leave nothing behind where one of them is none", async () => {
    await mkdir(at("mixed"));
    await png("mixed/a.png", [4, 4], 3);
    await writeFile(at("mixed/b.png"), "no picture");
    expect(await complaint("encode", colour, at("mixed"), "-o", at("half"))).toMatch(/cannot be read as a picture/);
    expect((await readdir(folder)).filter((name) => name.startsWith("half"))).toEqual([]);
    await rm(at("mixed"), { recursive: true });
  });
});

describe("refused in one line", () => {
  it.each([
    [[at("none.png")], "there is no file or folder"],
    [[at("train"), "--data", "mnist"], "--data goes without pictures behind the model"],
    [[at("train"), "--range", "0:3"], "--range goes without pictures behind the model"],
    [[at("train"), at("train")], "would both become 0; take one at a time"],
    [[colour], "cannot be read as a picture"],
  ])("is %j", async (args, message) => {
    expect(await complaint("encode", colour, ...args, "-o", at("never"))).toContain(message);
  });

  it("are options of pictures where there are none, and streams of items where pictures are asked for", async () => {
    const own = ["--data", at("train"), "-o", at("items.isth")];
    expect(await complaint("encode", colour, ...own, "--grey")).toMatch(/^--grey goes with pictures/);
    await report("encode", colour, ...own);
    expect(await complaint("decode", colour, at("items.isth"), "-o", at("never"))).toMatch(
      /holds items and no pictures/,
    );
    await report("decode", colour, at("items.isth"), "-o", at("grid.png"));
    expect(await complaint("decode", colour, at("items.isth"), at("items.isth"), "-o", at("n.png"))).toMatch(
      /is for one stream, got 2; name a folder/,
    );
  });

  it("is a model of something else", async () => {
    await writeFile(at("t.csv"), `a,b\n${Array.from({ length: 30 }, (_, i) => `${i},${i * 2}`).join("\n")}\n`);
    await report("train", "ae", "--data", at("t.csv"), "--latent", "1", "--epochs", "1", "-o", at("t.safetensors"));
    expect(await complaint("encode", at("t.safetensors"), at("c.png"), "-o", at("never.isth"))).toMatch(
      /takes items of shape \[2\], no pictures; name its data with --data$/,
    );
  });
});
