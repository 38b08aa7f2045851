import { chmod, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import { complaint, isthmus, report } from "./support/cli.ts";
import { DIGITS, SMALL } from "./support/data.ts";
import { mounted, sharedFolder, temporaryFolder } from "./support/folder.ts";

const folder = await sharedFolder();
const model = join(folder, "m.safetensors");
const stream = join(folder, "x.isth");
beforeAll(async () => {
  await report("train", "vae", ...SMALL, "-o", model);
  await report("encode", model, ...DIGITS, "--range", "0:20", "-o", stream);
});

/** Every command that writes, with the name of what it writes. */
const writers: readonly (readonly [command: string, name: string, args: () => readonly string[]])[] = [
  ["train", "m.safetensors", () => ["train", "vae", ...SMALL]],
  ["encode", "x.isth", () => ["encode", model, ...DIGITS, "--range", "0:20"]],
  ["decode", "r.npy", () => ["decode", model, stream]],
  ["export", "d.onnx", () => ["export", model, "--part", "decoder"]],
  ["sample", "s.png", () => ["sample", model, "-n", "4"]],
];

describe("a full disk", () => {
  it("at the first checkpoint: one line, and nothing half-written", async ({ skip }) => {
    const disk = await mounted("size=1m");
    if (disk === undefined) return skip("this process may not mount a small disk");
    // 103 thousand parameters with two Adam slots each are 1.2 MB.
    const line = await complaint("train", "vae", ...SMALL, "--hidden", "64", "-o", join(disk, "m.safetensors"));
    expect(line).toBe(`cannot write ${join(disk, "m.checkpoint.safetensors")}: the disk is full [FILE_WRITE]`);
    expect(await readdir(disk)).toEqual([]);
  });

  it("at the model: the checkpoint stays, and --resume finishes once there is room", async ({ skip }) => {
    const disk = await mounted("size=1m");
    if (disk === undefined) return skip("this process may not mount a small disk");
    const out = join(disk, "m.safetensors");
    const train = ["train", "vae", ...SMALL, "--hidden", "32", "-o", out];
    // The checkpoint takes 0.62 MB of the 0.75 that are left, the model would take 0.21.
    await writeFile(join(disk, "other"), new Uint8Array(2 ** 18));
    expect(await complaint(...train)).toBe(`cannot write ${out}: the disk is full [FILE_WRITE]`);
    expect((await readdir(disk)).toSorted()).toEqual(["m.checkpoint.safetensors", "other"]);
    await rm(join(disk, "other"));
    const { out: written } = await report(...train, "--resume");
    expect((await readdir(disk)).toSorted()).toEqual(["m.checkpoint.safetensors", "m.safetensors"]);
    expect(await report("inspect", written)).toMatchObject({ kind: "vae" });
  });

  it.for(writers.slice(1))("during %s keeps the old file", async ([_, name, args], { skip }) => {
    const disk = await mounted("size=64k");
    if (disk === undefined) return skip("this process may not mount a small disk");
    const out = join(disk, name);
    await writeFile(out, "old");
    await writeFile(join(disk, "other"), new Uint8Array(2 ** 16)).catch(() => undefined);
    const line = await complaint(...args(), "-o", out);
    expect(line).toBe(`cannot write ${out}: the disk is full [FILE_WRITE]`);
    expect(await readFile(out, "utf8")).toBe("old");
    expect((await readdir(disk)).toSorted()).toEqual([name, "other"].toSorted());
  });
});

describe("a folder that cannot be written", () => {
  it.each(writers)("stops %s before it begins", async (_, name, args) => {
    const disk = await mounted("ro");
    const readOnly = disk ?? (await temporaryFolder());
    if (disk === undefined) await chmod(readOnly, 0o555);
    const outcome = await isthmus([...args(), "-o", join(readOnly, name)]);
    const reason = disk === undefined ? "permission denied" : "the disk is read-only";
    // The only line: data and engine are told of as soon as they are opened.
    expect(outcome).toEqual({
      ...{ code: 2, stdout: "", stderr: `isthmus: cannot write ${join(readOnly, name)}: ${reason} [FILE_WRITE]\n` },
    });
    expect(await readdir(readOnly)).toEqual([]);
  });

  it.each(writers)("stops %s when there is no such folder, or a file in its place", async (_, name, args) => {
    const [nowhere, inFile] = [join(folder, "none", name), join(model, name)];
    expect(await complaint(...args(), "-o", nowhere)).toBe(
      `cannot write ${nowhere}: no such file or folder [FILE_WRITE]`,
    );
    expect(await complaint(...args(), "-o", inFile)).toBe(
      `cannot write ${inFile}: part of the path is a file, not a folder [FILE_WRITE]`,
    );
  });
});

it("a write-protected file is left alone", async ({ skip }) => {
  if (process.getuid?.() === 0) return skip("root may write to every file");
  const out = join(await temporaryFolder(), "s.png");
  await writeFile(out, "old", { mode: 0o444 });
  expect(await complaint("sample", model, "-o", out)).toContain("it is write-protected");
});
