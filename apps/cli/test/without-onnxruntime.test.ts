import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import type { Outcome } from "../../../packages/command-line/test/support/heard.ts";
import { report, start } from "./support/cli.ts";
import { DIGITS, SMALL } from "./support/data.ts";
import { sharedFolder } from "./support/folder.ts";

/** A module hook under which there is no onnxruntime-node. */
const hook = `export async function resolve(name, context, next) {
  if (name !== "onnxruntime-node") return next(name, context);
  throw Object.assign(new Error("Cannot find package 'onnxruntime-node'"), { code: "ERR_MODULE_NOT_FOUND" });
}`;
const asUrl = (code: string): string => `data:text/javascript,${encodeURIComponent(code)}`;
const register = `import { register } from "node:module"; register(${JSON.stringify(asUrl(hook))});`;

const without = (...args: readonly string[]): Promise<Outcome> => start(args, ["--import", asUrl(register)]).ended;

const folder = await sharedFolder();
const file = (name: string): string => join(folder, name);
beforeAll(async () => {
  await report("train", "vae", ...SMALL, "-o", file("m.safetensors"));
  await report("encode", file("m.safetensors"), ...DIGITS, "--range", "0:5", "-o", file("x.isth"));
  await report("export", file("m.safetensors"), "--part", "decoder", "-o", file("d.onnx"));
});

describe("where onnxruntime-node cannot be loaded", () => {
  it("export writes the same file and says that parity was not checked, and why", async () => {
    const args = ["export", file("m.safetensors"), "--part", "decoder", "-o", file("again.onnx")];
    const { code, stdout, stderr } = await without(...args, "--json");
    expect(code, stderr).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({
      maxAbsError: null,
      parity: "not checked: onnxruntime-node cannot be loaded (Cannot find package 'onnxruntime-node')",
    });
    expect((await readFile(file("again.onnx"))).equals(await readFile(file("d.onnx")))).toBe(true);
    expect((await without(...args)).stdout).toContain("\nparity not checked: onnxruntime-node cannot be loaded");
  });

  it("decode --onnx says so in one line and how to go on; without it all is well", async () => {
    const args = ["decode", file("m.safetensors"), file("x.isth"), "-o", file("r.npy")];
    const { code, stdout, stderr } = await without(...args, "--onnx", file("d.onnx"));
    expect({ code, stdout }).toEqual({ code: 2, stdout: "" });
    expect(stderr).toBe(
      "isthmus: onnxruntime-node cannot be loaded (Cannot find package 'onnxruntime-node'); install it, or decode without --onnx\n",
    );
    expect((await without(...args)).code).toBe(0);
  });

  it("doctor names it among what is missing", async () => {
    const { code, stdout } = await without("doctor", "--json");
    expect(code).toBe(0);
    expect(JSON.parse(stdout).onnxruntime).toBeNull();
  });
});
