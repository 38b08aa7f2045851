// The command line tool as a stranger installs it. In the full tier because onnxruntime-node is a large download.
import { existsSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { quietly } from "../lib/process.mjs";
import { type EmptyProject, emptyProject } from "./support/empty-project.ts";

let project: EmptyProject;

beforeAll(async () => {
  project = await emptyProject(["@isthmus/cli"]);
}, 300_000);

afterAll(() => project?.dispose());

function isthmus(...args: string[]): ReturnType<typeof quietly> {
  return quietly(join(project.folder, "node_modules", ".bin", "isthmus"), args, { cwd: project.folder });
}

it("the installed command explains itself", async () => {
  const { code, stdout } = await isthmus("--help");
  expect(code).toBe(0);
  for (const command of ["train", "eval", "encode", "decode", "export", "sample", "inspect", "doctor"]) {
    expect(stdout).toContain(command);
  }
});

it("the installed command trains, encodes and decodes", async () => {
  const small = ["--data", "synthetic", "--limit", "256", "--hidden", "16", "--latent", "4", "--epochs", "1"];
  for (const args of [
    ["train", "vae", ...small, "-o", "m.safetensors"],
    ["encode", "m.safetensors", "--data", "synthetic", "--range", "0:10", "-o", "x.isth"],
    ["export", "m.safetensors", "--part", "decoder", "-o", "d.onnx"],
    ["decode", "m.safetensors", "x.isth", "--onnx", "d.onnx", "-o", "r.npy"],
  ]) {
    const { code, output } = await isthmus(...args, "--json");
    expect(code, output).toBe(0);
  }
  expect(existsSync(join(project.folder, "r.npy"))).toBe(true);
});
