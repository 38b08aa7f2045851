import { existsSync } from "node:fs";
import { lstat, open, readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { beforeAll, describe, expect, it } from "vitest";
import { report, start, type Started } from "./support/cli.ts";
import { DIGITS, SMALL } from "./support/data.ts";
import { sharedFolder } from "./support/folder.ts";

// What only a process of its own shows: real pipes, signals and standard streams.

const folder = await sharedFolder();
const file = (name: string): string => join(folder, name);
const model = file("m.safetensors");
beforeAll(async () => {
  await report("train", "vae", ...SMALL, "-o", model);
  await report("encode", model, ...DIGITS, "--range", "0:5", "-o", file("x.isth"));
});

describe("a reader that goes away", () => {
  it.each([
    ["from a report", ["inspect", model]],
    ["from help", ["train", "--help"]],
  ])("%s ends nothing in an error", async (_, args) => {
    const run = start(args);
    run.process.stdout!.destroy();
    const { code, stderr } = await run.ended;
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
  });

  it("from the notes of a training does not end the training", async () => {
    const run = start(["train", "vae", ...SMALL, "-o", file("unwatched.safetensors"), "--json"]);
    run.process.stderr!.destroy();
    const { code, stdout } = await run.ended;
    expect(code).toBe(0);
    expect(JSON.parse(stdout).out).toBe(file("unwatched.safetensors"));
  });
});

describe.skipIf(!existsSync("/dev/stdout"))("-o /dev/stdout", () => {
  const encode = ["encode", model, ...DIGITS, "--range", "0:5", "-o", "/dev/stdout"];

  it("puts the file, and nothing else, into a pipe; the report goes to stderr", async () => {
    const { code, stdout, stderr } = await start(encode, [], "latin1").ended;
    expect(code, stderr).toBe(0);
    expect(Buffer.from(stdout, "latin1").equals(await readFile(file("x.isth")))).toBe(true);
    expect(stderr).toContain("5 items -> /dev/stdout\n");
  });

  it("puts it into a file that stdout was sent to, and leaves the device what it is", async () => {
    const to = await open(file("redirected.isth"), "w");
    const { code, stderr } = await start(encode, [], to.fd).ended;
    await to.close();
    expect(code, stderr).toBe(0);
    expect((await readFile(file("redirected.isth"))).equals(await readFile(file("x.isth")))).toBe(true);
    expect((await lstat("/dev/stdout")).isSymbolicLink()).toBe(true);
    expect((await readdir("/dev")).filter((name) => name.includes("isthmus") || name.endsWith(".tmp"))).toEqual([]);
  });
});

describe("Control-C", () => {
  const interrupt = async (run: Started): Promise<void> => {
    while (!run.stderr.includes("data: ") && run.process.exitCode === null) await delay(5);
    await delay(20);
    run.process.kill("SIGINT");
  };

  it.each(["encode", "eval"])("ends %s at once, which has nothing to keep", async (command) => {
    const out = command === "encode" ? ["-o", file("never.isth")] : [];
    const run = start([command, model, ...DIGITS, "--split", "train", ...out]);
    await interrupt(run);
    await run.ended;
    expect(run.process.signalCode).toBe("SIGINT");
    expect(run.stdout).toBe("");
    expect((await readdir(folder)).filter((name) => name.startsWith("never"))).toEqual([]);
  });
});
