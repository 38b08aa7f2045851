import { readFileSync, writeFileSync } from "node:fs";
import { mkdir, readdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { parseNpy, syntheticDigits } from "@isthmus/data";
import { decode, encode } from "fast-png";
import { beforeAll, describe, expect, it } from "vitest";
import { complaint, report } from "./support/cli.ts";
import { sharedFolder } from "./support/folder.ts";

const folder = await sharedFolder();
const at = (name: string): string => join(folder, name);
const digits = (items: number): Uint8Array => syntheticDigits({ items, split: "test" }).values as Uint8Array;

beforeAll(async () => {
  const trained = ["--data", "synthetic", "--limit", "600", "--epochs", "1", "--hidden", "24", "--latent", "4"];
  await report(
    "train",
    "vae",
    ...trained,
    "--likelihood",
    "logistic-mixture",
    "--logistics",
    "2",
    "-o",
    at("m.safetensors"),
  );
  await report("prepare-lossless", at("m.safetensors"), "--data", "synthetic", "-o", at("coder.safetensors"));
});

const coder = (): string[] => ["-m", at("coder.safetensors")];

describe("compress --lossless and decompress", () => {
  it("give a data set back as .npy, and take that again", async () => {
    const made = await report("compress", "--lossless", "synthetic", "--range", "0:30", ...coder(), "-o", at("x.isth"));
    expect(made).toMatchObject({ items: 30, rawBytes: 30 * 784, bytes: readFileSync(at("x.isth")).length });
    expect(made.bitsPerDim).toBe((8 * made.bytes) / (30 * 784));
    await report("decompress", at("x.isth"), ...coder(), "-o", at("y.npy"));
    const { shape, values } = parseNpy(readFileSync(at("y.npy")));
    expect(shape).toEqual([30, 28, 28, 1]);
    expect(values).toEqual(digits(30));
    await report("compress", "--lossless", at("y.npy"), ...coder(), "-o", at("again.isth"));
    expect(readFileSync(at("again.isth"))).toEqual(readFileSync(at("x.isth")));
  });

  it("give a folder of pictures back, of another size than the coder's too", async () => {
    await mkdir(at("photos"));
    const pictures = [0, 1, 2].map((one) => Uint8Array.from({ length: 40 * 31 }, (_, i) => (i * (one + 3)) & 255));
    for (const [i, data] of pictures.entries()) {
      await writeFile(at(`photos/p${i}.png`), encode({ width: 40, height: 31, channels: 1, depth: 8, data }));
    }
    await report("compress", "--lossless", at("photos"), ...coder(), "-o", at("photos.isth"));
    await report("decompress", at("photos.isth"), ...coder(), "-o", at("back"));
    expect(await readdir(at("back"))).toEqual(["1.png", "2.png", "3.png"]);
    for (const [i, data] of pictures.entries()) {
      const { width, height, data: back } = decode(readFileSync(at(`back/${i + 1}.png`)));
      expect([width, height]).toEqual([40, 31]);
      expect(Uint8Array.from(back)).toEqual(data);
    }
  });

  it("tell what is wrong in one line", async () => {
    const out = ["-o", at("never.isth")];
    expect(await complaint("compress", "synthetic", ...coder(), ...out)).toMatch(/needs --lossless/);
    expect(await complaint("compress", "--lossless", "nowhere", ...coder(), ...out)).toMatch(
      /no file, folder or data set/,
    );
    const model = ["-m", at("m.safetensors")];
    expect(await complaint("compress", "--lossless", "synthetic", ...model, ...out)).toMatch(/prepare-lossless/);
    await mkdir(at("colours"));
    const data = Uint8Array.from({ length: 28 * 28 * 3 }, (_, i) => i & 255);
    await writeFile(at("colours/p.png"), encode({ width: 28, height: 28, channels: 3, depth: 8, data }));
    expect(await complaint("compress", "--lossless", at("colours"), ...coder(), ...out)).toMatch(/in colour/);
    expect(await complaint("decompress", at("x.isth"), ...coder(), "-o", at("back"))).toMatch(/is there already/);
    const damaged = readFileSync(at("x.isth"));
    damaged[100]! ^= 1;
    writeFileSync(at("damaged.isth"), damaged);
    expect(await complaint("decompress", at("damaged.isth"), ...coder(), "-o", at("n.npy"))).toMatch(/checksum/);
    const gaussian = ["--likelihood", "gaussian", "-o", at("gaussian.safetensors")];
    await report("train", "vae", "--data", "synthetic", "--limit", "64", "--epochs", "1", ...gaussian);
    const refused = complaint("prepare-lossless", at("gaussian.safetensors"), "--data", "synthetic", ...out);
    expect(await refused).toMatch(/MODEL_LOSSLESS/);
  });
});
