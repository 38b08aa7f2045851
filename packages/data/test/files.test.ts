import { execFileSync } from "node:child_process";
import { existsSync, statSync } from "node:fs";
import { mkdir, readFile, readdir, readlink, symlink, truncate, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it, onTestFinished } from "vitest";
import { readFileBytes, writeFileAtomic } from "../src/node.ts";
import { isthmusError } from "./support/error.ts";
import { temporaryFolder } from "./support/folder.ts";

const bytes = Uint8Array.of(1, 2, 3);

/** A fresh tmpfs with these mount options, or undefined where this process may not mount. */
async function mounted(options: string): Promise<string | undefined> {
  const folder = await temporaryFolder();
  try {
    execFileSync("mount", ["-t", "tmpfs", "-o", options, "tmpfs", folder], { stdio: "ignore" });
  } catch {
    return undefined;
  }
  onTestFinished(() => void execFileSync("umount", [folder]));
  return folder;
}

describe("writeFileAtomic", () => {
  it("writes one array, pieces, and pieces that come later", async () => {
    const folder = await temporaryFolder();
    async function* later(): AsyncGenerator<Uint8Array> {
      yield bytes;
      yield bytes;
    }
    const contents = { one: bytes, pieces: [bytes, bytes], later: later(), none: new Uint8Array(0) };
    for (const [name, content] of Object.entries(contents)) await writeFileAtomic(join(folder, name), content);
    expect([...(await readFileBytes(join(folder, "one")))]).toEqual([1, 2, 3]);
    expect([...(await readFileBytes(join(folder, "pieces")))]).toEqual([1, 2, 3, 1, 2, 3]);
    expect([...(await readFileBytes(join(folder, "later")))]).toEqual([1, 2, 3, 1, 2, 3]);
    expect(await readFileBytes(join(folder, "none"))).toHaveLength(0);
    expect((await readdir(folder)).sort()).toEqual(["later", "none", "one", "pieces"]);
  });

  it("keeps the old file whole, and nothing beside it, when the content fails half-way", async () => {
    const folder = await temporaryFolder();
    const path = join(folder, "file");
    await writeFile(path, "old");
    function* failing(): Generator<Uint8Array> {
      yield bytes;
      expect(statSync(path).size).toBe(3);
      throw new Error("half-way");
    }
    await expect(writeFileAtomic(path, failing())).rejects.toThrow("half-way");
    expect(await readFile(path, "utf8")).toBe("old");
    expect(await readdir(folder)).toEqual(["file"]);
  });

  it("replaces an old file", async () => {
    const path = join(await temporaryFolder(), "file");
    await writeFileAtomic(path, new Uint8Array(1000));
    await writeFileAtomic(path, bytes);
    expect([...(await readFile(path))]).toEqual([1, 2, 3]);
  });

  it("replaces the file that a link names, and leaves the link", async () => {
    const folder = await temporaryFolder();
    await writeFile(join(folder, "file"), "old");
    await symlink("file", join(folder, "link"));
    await writeFileAtomic(join(folder, "link"), bytes);
    expect([...(await readFile(join(folder, "file")))]).toEqual([1, 2, 3]);
    expect(await readlink(join(folder, "link"))).toBe("file");
    expect((await readdir(folder)).sort()).toEqual(["file", "link"]);
  });

  it("names the path and the reason in one line", async () => {
    const folder = await temporaryFolder();
    await writeFile(join(folder, "file"), "");
    await mkdir(join(folder, "inner"));
    await symlink("loop", join(folder, "loop"));
    const cases = [
      [join(folder, "missing", "x"), "ENOENT", "no such file or folder"],
      [join(folder, "file", "x"), "ENOTDIR", "part of the path is a file, not a folder"],
      [join(folder, "inner"), "EISDIR", "it is a folder"],
      [join(folder, "n".repeat(300)), "ENAMETOOLONG", "the name is too long"],
      [join(folder, "loop", "x"), "ELOOP", /^ELOOP/],
    ] as const;
    for (const [path, reason, words] of cases) {
      const error = await isthmusError(() => writeFileAtomic(path, bytes));
      expect(error.code).toBe("FILE_WRITE");
      expect(error.details["reason"]).toBe(reason);
      expect(error.message).not.toContain("\n");
      expect(error.message.slice(0, path.length + 15)).toBe(`cannot write ${path}: `);
      expect(error.message.slice(path.length + 15)).toMatch(words);
    }
    expect((await readdir(folder)).sort()).toEqual(["file", "inner", "loop"]);
  });

  it.skipIf(!existsSync("/dev/full"))("writes straight to a device, and says that it is full", async () => {
    const error = await isthmusError(() => writeFileAtomic("/dev/full", bytes));
    expect(error.message).toBe("cannot write /dev/full: the disk is full");
    await writeFileAtomic("/dev/null", bytes);
    expect(statSync("/dev/null").isCharacterDevice()).toBe(true);
  });

  it("says that the disk is full and leaves the old file and nothing beside it", async ({ skip }) => {
    const disk = await mounted("size=1m");
    if (disk === undefined) return skip("this process may not mount a small disk");
    const path = join(disk, "model");
    await writeFileAtomic(path, bytes);
    const error = await isthmusError(() => writeFileAtomic(path, new Uint8Array(2 ** 21)));
    expect(error.message).toBe(`cannot write ${path}: the disk is full`);
    expect(error.details["reason"]).toBe("ENOSPC");
    expect(await readdir(disk)).toEqual(["model"]);
    expect([...(await readFile(path))]).toEqual([1, 2, 3]);
  });

  it("says that the disk is read-only", async ({ skip }) => {
    const disk = await mounted("ro");
    if (disk === undefined) return skip("this process may not mount a read-only disk");
    const error = await isthmusError(() => writeFileAtomic(join(disk, "model"), bytes));
    expect(error.message).toBe(`cannot write ${join(disk, "model")}: the disk is read-only`);
  });
});

describe("readFileBytes", () => {
  it("reads long files as short ones, and what the system makes as it is read", async () => {
    const path = join(await temporaryFolder(), "file");
    for (const length of [0, 1, 2 ** 20, 2 ** 20 + 1, 3 * 2 ** 20 + 7]) {
      const content = new Uint8Array(length).map((_, i) => i % 251);
      await writeFile(path, content);
      expect(Buffer.compare(await readFileBytes(path), content)).toBe(0);
    }
    if (existsSync("/proc/self/status")) expect((await readFileBytes("/proc/self/status")).length).toBeGreaterThan(0);
  });

  it("refuses what no array holds before it reads it", async () => {
    const path = join(await temporaryFolder(), "file");
    await writeFile(path, "");
    await truncate(path, 2 ** 32 + 1); // sparse: takes no room on the disk
    const { code, message } = await isthmusError(() => readFileBytes(path));
    expect([code, message]).toEqual([
      "FILE_READ",
      `cannot read ${path}: it has ${2 ** 32 + 1} bytes, and one array holds 4 GiB`,
    ]);
  });

  it("names the path and the reason in one line", async () => {
    const folder = await temporaryFolder();
    const missing = await isthmusError(() => readFileBytes(join(folder, "missing")));
    expect(missing.code).toBe("FILE_READ");
    expect(missing.message).toBe(`cannot read ${join(folder, "missing")}: no such file or folder`);
    expect((await isthmusError(() => readFileBytes(folder))).message).toBe(`cannot read ${folder}: it is a folder`);
  });
});
