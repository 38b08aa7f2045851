// The agent and the service of this repository together: what a device was given comes out of the service, decoded.
import { decodeLatents } from "@isthmus/codec";
import { bundleFloatEncoder } from "@isthmus/deploy";
import { loadEncoder, readBundle } from "@isthmus/edge";
import { encode as encodePng } from "fast-png";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { runCli } from "../../apps/cloud/src/cli.ts";
import { digits, digitsModel } from "../../apps/cloud/test/support/models.ts";
import { startAgent } from "../../apps/edge/test/support/agents.ts";
import { heard } from "../../packages/command-line/test/support/heard.ts";
import { freePort } from "../services/free-port.ts";
import { ServerProcess } from "../services/server-process.ts";

const PATIENT = { timeout: 30_000, interval: 50 };
const PICTURES = 12;
const folder = mkdtempSync(join(tmpdir(), "isthmus-whole-"));
const data = join(folder, "data");
let service: ServerProcess;
let url: string;

beforeAll(async () => {
  const port = await freePort();
  url = `http://127.0.0.1:${port}`;
  mkdirSync(join(folder, "models"));
  const { file, model } = await digitsModel();
  writeFileSync(join(folder, "models", "digits.safetensors"), file);
  writeFileSync(join(folder, "models", "digits.isthb"), bundleFloatEncoder(model));
  const main = fileURLToPath(new URL("../../apps/cloud/src/main.ts", import.meta.url));
  const source = ["--import", import.meta.resolve("tsx"), "--conditions=@isthmus/source", main];
  const options = ["--models", join(folder, "models"), "--data", data, "--port", String(port), "--log-level", "error"];
  service = new ServerProcess({ program: process.execPath, args: [...source, "serve", ...options], ready: /^http:/m });
  await service.start();
});

afterAll(async () => {
  await service.kill();
  rmSync(folder, { recursive: true, force: true });
});

/** What `isthmus-cloud token` prints. */
async function token(role: string, name: string): Promise<string> {
  const args = ["token", "--role", role, "--name", name, "--data", data];
  const { code, stdout, stderr } = await heard(
    async (outputs) => await runCli(args, { ...outputs, once: () => undefined }),
  );
  expect(code, stderr).toBe(0);
  return stdout.trim();
}

function putPicture(index: number): void {
  const pixels = Uint8Array.from(digits.values.subarray(784 * index, 784 * (index + 1)));
  const path = join(folder, "pictures", `${String(index).padStart(3, "0")}.png`);
  writeFileSync(path, encodePng({ width: 28, height: 28, channels: 1, depth: 8, data: pixels }));
}

test("pictures of a folder come out of the service as the device encoded them, each once, though it is killed between", async () => {
  const { id } = await digitsModel();
  mkdirSync(join(folder, "pictures"));
  const source = { kind: "folder", path: "pictures", width: 28, height: 28, poll: 0.02, done: "keep" };
  const device = { url, token: await token("device", "pump-7") };
  const run = startAgent(folder, { model: { id }, source, send: device, frame: { items: 3, age: 0.2 } });
  const agent = await run.agent;
  for (let i = 0; i < PICTURES / 2; i++) putPicture(i);
  await vi.waitFor(() => expect(agent.snapshot().source.items, run.log.join("")).toBe(PICTURES / 2), PATIENT);
  await service.kill();
  for (let i = PICTURES / 2; i < PICTURES; i++) putPicture(i);
  await vi.waitFor(() => expect(agent.snapshot().source.items).toBe(PICTURES), PATIENT);
  await service.start();
  await vi.waitFor(() => expect(agent.snapshot().queue.frames).toBe(0), PATIENT);
  await run.stop();

  const reader = { Authorization: `Bearer ${await token("reader", "ann")}` };
  const answer = await fetch(`${url}/v1/devices/pump-7/items`, { headers: reader });
  expect(answer.status).toBe(200);
  const { frames } = (await answer.json()) as {
    frames: { sequence: number; items: { code: number[]; values: number[] }[] }[];
  };
  const items = frames.toSorted((a, b) => a.sequence - b.sequence).flatMap((frame) => frame.items);

  const bundle = readFileSync(join(folder, "state", "models", `${id}.isthb`));
  const encoder = await loadEncoder(bundle);
  const { tables } = readBundle(bundle);
  const given = Uint8Array.from(digits.values.subarray(0, 784 * PICTURES));
  const { symbols } = decodeLatents(encoder.encode(given), { tables, dims: encoder.dims, modelId: encoder.modelId });
  const codes = items.map(({ code }) => code);
  const expected = Array.from({ length: PICTURES }, (_, i) => [
    ...symbols.subarray(encoder.dims * i, encoder.dims * (i + 1)),
  ]);
  const inOrder = (all: readonly number[][]) => all.map((code) => code.join(" ")).sort();
  expect(inOrder(codes)).toEqual(inOrder(expected));
  expect(
    items.every(({ values }) => values.length === 784 && values.every((value) => value >= 0 && value <= 255)),
  ).toBe(true);
}, 240_000);
