import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import sharp from "sharp";
import { describe, expect, it } from "vitest";
import { type ImagesDescription, take } from "../src/index.ts";
import { loadImage, loadImages, loadPicture, type LoadPictureOptions, pictureFiles } from "../src/node.ts";
import { isthmusError } from "./support/error.ts";
import { temporaryFolder } from "./support/folder.ts";

/** A picture of one colour, of 6 x 4 pixels unless said. */
function picture([r, g, b]: readonly [number, number, number], width = 6, height = 4) {
  return sharp({ create: { width, height, channels: 3, background: { r, g, b } } });
}

async function folderOf(files: Readonly<Record<string, Buffer | string>>): Promise<string> {
  const folder = await temporaryFolder();
  for (const [path, bytes] of Object.entries(files)) {
    await mkdir(join(folder, path, ".."), { recursive: true });
    await writeFile(join(folder, path), bytes);
  }
  return folder;
}

const red = await picture([255, 0, 0]).png().toBuffer();
const green = await picture([0, 255, 0]).webp({ lossless: true }).toBuffer();
const blue = await picture([0, 0, 255]).jpeg({ quality: 100, chromaSubsampling: "4:4:4" }).toBuffer();

const narrow = await picture([0, 0, 0], 5, 4).png().toBuffer();

describe("a folder of pictures", () => {
  it("is read in the order of its paths, with the size that all have", async () => {
    const folder = await folderOf({ "b.webp": green, "a.png": red, "c.JPG": blue, "notes.txt": "no picture" });
    const dataset = await loadImages(folder);
    expect(dataset).toMatchObject({ items: 3, shape: [4, 6, 3], scale: 1 / 255 });
    const first = (item: number) => [...take(dataset, item, item + 1).values.subarray(0, 3)];
    expect([first(0), first(1)]).toEqual([
      [255, 0, 0],
      [0, 255, 0],
    ]);
    // JPEG rounds its colours.
    first(2).forEach((value, at) => expect(Math.abs(value - [0, 0, 255][at]!)).toBeLessThan(4));
    expect(dataset.description!.item).toEqual({ kind: "images", width: 6, height: 4, channels: 3 });
  });

  it("gives grey where that is asked for, and black for what is transparent", async () => {
    const clear = await sharp({
      create: { width: 6, height: 4, channels: 4, background: { r: 255, g: 255, b: 255, alpha: 0 } },
    })
      .png()
      .toBuffer();
    const white = await picture([255, 255, 255]).png().toBuffer();
    const { shape, values } = await loadImages(await folderOf({ "a.png": clear, "b.png": white }), { grey: true });
    expect(shape).toEqual([4, 6, 1]);
    expect([...values]).toEqual([...Array.from({ length: 24 }, () => 0), ...Array.from({ length: 24 }, () => 255)]);
  });

  it("is scaled to a size: cropped, stretched or padded", async () => {
    const halves = Buffer.alloc(8 * 4 * 3);
    for (let i = 0; i < halves.length; i++) halves[i] = Math.floor(i / 3) % 8 < 4 ? 0 : 255;
    const wide = await sharp(halves, { raw: { width: 8, height: 4, channels: 3 } })
      .png()
      .toBuffer();
    const folder = await folderOf({ "a.png": wide });
    const load = async (fit: "crop" | "stretch" | "pad") => {
      const { values } = await loadImages(folder, { width: 4, height: 4, fit, grey: true });
      return Array.from({ length: 4 }, (_, row) => [...values.subarray(4 * row, 4 * row + 4)]);
    };
    expect(await load("crop")).toEqual(Array.from({ length: 4 }, () => [0, 0, 255, 255]));
    const stretched = await load("stretch");
    stretched.forEach((row) => expect([row[0]! < 40, row[3]! > 215]).toEqual([true, true]));
    const padded = await load("pad");
    expect([padded[0], padded[3]]).toEqual([
      [0, 0, 0, 0],
      [0, 0, 0, 0],
    ]);
    expect(padded[1]![3]).toBeGreaterThan(215);
  });

  it.each(["crop", "stretch", "pad"] as const)("takes one more picture as it took its own: %s", async (fit) => {
    const folder = await folderOf({ "a.png": red, "b.webp": green, "d.png": narrow });
    const all = await loadImages(folder, { width: 3, height: 5, fit, grey: fit === "pad" });
    for (const [item, name] of ["a.png", "b.webp", "d.png"].entries()) {
      const one = await loadImage(join(folder, name), all.description as ImagesDescription);
      expect(one).toMatchObject({ items: 1, shape: all.shape, scale: all.scale });
      expect(one.values).toEqual(take(all, item, item + 1).values);
    }
    await writeFile(join(folder, "broken.jpg"), "no picture");
    const error = await isthmusError(() => loadImage(join(folder, "broken.jpg"), all.description as ImagesDescription));
    expect([error.code, error.message]).toEqual(["DATA_IMAGES", expect.stringContaining("broken.jpg: cannot be read")]);
  });

  it("takes folders for labels when asked", async () => {
    const folder = await folderOf({ "dog/a.png": red, "cat/x/b.png": red, "dog/c.webp": green });
    const { labels, classNames, description } = await loadImages(folder, { labels: true });
    expect(classNames).toEqual(["cat", "dog"]);
    expect([...labels!]).toEqual([0, 1, 1]);
    expect(description!.item).toMatchObject({ labels: { column: "folder", classes: ["cat", "dog"] } });
    expect((await loadImages(folder)).labels).toBeUndefined();
    expect([...(await loadImages(folder, { labels: true, classes: ["ant", "cat", "dog"] })).labels!]).toEqual([
      1, 2, 2,
    ]);
  });
});

describe("a folder that is wrong", () => {
  it.each([
    [{}, {}, /: no PNG, JPEG or WebP pictures in it$/],
    [{ "a.png": red, "b.png": "not a picture" }, {}, /b\.png: cannot be read as a picture \(.+\)$/],
    [{ "a.png": red.subarray(0, 60) }, {}, /a\.png: cannot be read as a picture \(.+\)$/],
    [
      { "a.png": '<svg xmlns="http://www.w3.org/2000/svg" width="6" height="4"/>' },
      {},
      /a\.png: expected PNG, JPEG or WebP, got svg$/,
    ],
    [{ "a.png": red, "b.png": narrow }, {}, /b\.png: 5 x 4 pixels, the first picture has 6 x 4; ask for one size$/],
    [{ "a.png": red }, { labels: true }, /a\.png: it lies in no folder that could be its label$/],
    [{ "owl/a.png": red }, { labels: true, classes: ["cat"] }, /a\.png: it lies in no folder that could be its label$/],
    [{ "a.png": red }, { width: 30_000, height: 30_000 }, /are more than 2 GiB$/],
  ])("is refused by name: %#", async (files, options, message) => {
    const folder = await folderOf(files as Record<string, Buffer>);
    const error = await isthmusError(() => loadImages(folder, options));
    expect(error.code).toBe("DATA_IMAGES");
    expect(error.message).toMatch(message);
    expect(error.message.startsWith(folder)).toBe(true);
    expect(error.message).not.toContain("\n");
  });

  it("with a picture that claims more pixels than may be read is refused before they are made", async () => {
    const bomb = await picture([0, 0, 0], 9000, 9000).png({ compressionLevel: 9 }).toBuffer();
    const error = await isthmusError(async () =>
      loadImages(await folderOf({ "a.png": bomb }), { width: 4, height: 4 }),
    );
    expect(error.message).toMatch(/a\.png: cannot be read as a picture \(.*pixel limit.*\)$/);
  });

  it("or not there is said so", async () => {
    expect((await isthmusError(() => loadImages("/nowhere/at/all"))).code).toBe("FILE_READ");
  });
});

describe("one picture", () => {
  const clear = { r: 250, g: 250, b: 250, alpha: 0 };
  const open = async (bytes: Buffer, options: LoadPictureOptions = {}) =>
    await loadPicture(join(await folderOf({ "p.png": bytes }), "p.png"), options);

  it("is read in its size, grey as colour and, where it is grey, colour as grey", async () => {
    expect(await open(narrow)).toMatchObject({ items: 1, shape: [4, 5, 3], scale: 1 / 255 });
    const shades = Buffer.from([0, 50, 100, 150, 200, 255]);
    const grey = await sharp(shades, { raw: { width: 3, height: 2, channels: 1 } })
      .toColourspace("b-w")
      .png()
      .toBuffer();
    const wide = await sharp(shades, { raw: { width: 3, height: 2, channels: 1 } })
      .toColourspace("grey16")
      .png()
      .toBuffer();
    for (const picture of [grey, wide]) {
      const one = await open(picture, { channels: 1 });
      expect([one.shape, [...one.values]]).toEqual([[2, 3, 1], [...shades]]);
      expect([...(await open(picture)).values]).toEqual([...shades].flatMap((shade) => [shade, shade, shade]));
    }
  });

  it("is turned as its camera says", async () => {
    const turned = await sharp(Buffer.from([10, 20]), { raw: { width: 2, height: 1, channels: 1 } })
      .withMetadata({ orientation: 6 })
      .png()
      .toBuffer();
    const one = await open(turned, { channels: 1 });
    expect([one.shape, [...one.values]]).toEqual([
      [2, 1, 1],
      [10, 20],
    ]);
  });

  it("loses its colours and its transparency only where that is asked for", async () => {
    const unfit = (reason: string) => ({ code: "DATA_IMAGES", details: { unfit: reason } });
    await expect(open(red, { channels: 1 })).rejects.toMatchObject(unfit("colour"));
    const brightness = await open(red, { channels: 1, fromColour: true });
    // 0.2126 of red's light, at sRGB's curve: 127 (IEC 61966-2-1), where sharp's tables round.
    for (const value of brightness.values) expect(Math.abs(value - 127)).toBeLessThanOrEqual(1);
    const bytes = await sharp({ create: { width: 2, height: 1, channels: 4, background: clear } })
      .png()
      .toBuffer();
    await expect(open(bytes)).rejects.toMatchObject(unfit("transparency"));
    expect([...(await open(bytes, { background: [1, 2, 3] })).values]).toEqual([1, 2, 3, 1, 2, 3]);
    const opaque = sharp({ create: { width: 1, height: 1, channels: 4, background: { ...clear, alpha: 1 } } });
    expect([...(await open(await opaque.png().toBuffer())).values]).toEqual([250, 250, 250]);
  });

  it("is refused where it is none", async () => {
    await expect(open(Buffer.from("text"))).rejects.toMatchObject({ code: "DATA_IMAGES" });
    await expect(loadPicture("/none/p.png")).rejects.toMatchObject({ code: "DATA_IMAGES" });
    expect(await pictureFiles(await folderOf({ "b/a.png": red, "a.webp": green, "x.txt": "" }))).toEqual([
      "a.webp",
      join("b", "a.png"),
    ]);
    await expect(pictureFiles(await folderOf({ "x.txt": "" }))).rejects.toMatchObject({ code: "DATA_IMAGES" });
  });
});
