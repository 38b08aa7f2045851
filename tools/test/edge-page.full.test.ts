/** docs/edge.md: every program with a file name makes the bytes that Node makes; the others say that they were not run. */
import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { createInterface } from "node:readline";
import type { Readable } from "node:stream";
import { javascriptEncoder, loadEncoder } from "@isthmus/edge";
import { planKernelBytes } from "@isthmus/kernels/plan";
import { chromium as playwright } from "playwright-core";
import ts from "typescript";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { fromNpm } from "../bench/from-npm.ts";
import { bundled } from "../lib/bundled.ts";
import { root } from "../lib/paths.mjs";
import { chromium, has } from "../lib/probe.mjs";

const page = readFileSync(join(root, "docs", "edge.md"), "utf8");
const blocks = [...page.matchAll(/^(.*)\n\n```(\w+)(?: (\S+))?\n([\s\S]*?)^```$/gm)].map(
  ([, before, kind, name, text]) => ({ before: before!, kind: kind!, name, text: text! }),
);
const programs = Object.fromEntries(blocks.flatMap(({ name, text }) => (name ? [[name, text]] : [])));
const KERNELS = /"\.\/(\w+\.wasm)"/.exec(programs["worker.mjs"]!)![1]!;

const out = join(root, "tools", "out");
mkdirSync(out, { recursive: true });
const folder = mkdtempSync(join(out, "edge-page-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const FROM_SOURCE = ["--import", import.meta.resolve("tsx"), "--conditions=@isthmus/source"];
const SAMPLES = Float32Array.from({ length: 784 }, (_, i) => ((i * i * 7) % 256) / 255);

/** What Node makes of the samples, in hexadecimal digits. */
let expected = "";

function run(program: string, args: readonly string[]): string {
  const { status, stdout, stderr, error } = spawnSync(program, args, { cwd: folder, encoding: "utf8" });
  expect({ error, status, stderr }, [program, ...args].join(" ")).toMatchObject({ error: undefined, status: 0 });
  return stdout.trim();
}

function filesOf(names: readonly string[]): Map<string, Uint8Array> {
  return new Map(names.map((name) => [name, readFileSync(join(folder, name))]));
}

beforeAll(async () => {
  for (const [name, text] of Object.entries(programs)) writeFileSync(join(folder, name), text);
  writeFileSync(join(folder, "samples.f32"), SAMPLES);
  writeFileSync(join(folder, KERNELS), planKernelBytes());
  const main = join(root, "apps", "cli", "src", "main.ts");
  const [shell] = blocks.filter(({ kind }) => kind === "sh");
  for (const [, words] of shell!.text.matchAll(/^isthmus (.*)$/gm)) {
    run(process.execPath, [...FROM_SOURCE, main, ...words!.split(" ")]);
  }
  expected = run(process.execPath, [...FROM_SOURCE, "node.mjs"]);
}, 300_000);

it("says of every program whether it was run", () => {
  expect(Object.keys(programs)).toEqual(["node.mjs", "browser.mjs", "strict.mjs", "worker.mjs", "hermes.js", "main.c"]);
  const shown = blocks.filter(({ kind, name }) => kind !== "sh" && !name);
  for (const { before } of shown) expect(before).toMatch(/not run here:$/);
});

it("Node makes a frame of the samples", () => {
  expect(expected).toMatch(/^c953/);
});

it.skipIf(!has()["gcc"])("the C header makes the same", () => {
  run("gcc", ["-std=c99", "-Wall", "-Wextra", "-Werror", "-O2", "main.c", "-o", "main.out"]);
  expect(run(join(folder, "main.out"), [])).toBe(expected);
});

describe.skipIf(!has()["chromium"])("Chromium makes the same", () => {
  it.each([
    ["browser.mjs", "script-src 'self' 'wasm-unsafe-eval'", "wasm"],
    ["strict.mjs", "script-src 'self'", "javascript"],
  ] as const)(
    "%s under the policy %s",
    async (name, policy, kernels) => {
      expect(await titleOf(name, policy)).toBe(`${kernels} ${expected}`);
    },
    120_000,
  );
});

/** The title that a module gives a page, bundled as a user would. */
async function titleOf(name: string, policy: string): Promise<string> {
  const script = await bundled(programs[name]!);
  const files = new Map<string, Uint8Array | string>([
    ["/", `<!doctype html><title></title><script type="module" src="/script.js"></script>`],
    ["/script.js", script],
    ...[...filesOf(["encoder.isthb", "samples.f32"])].map(([file, bytes]) => [`/${file}`, bytes] as const),
  ]);
  const types: Record<string, string> = { "/": "text/html", "/script.js": "text/javascript" };
  const server = createServer(({ url = "/" }, response) => {
    const found = files.get(url);
    const type = types[url] ?? "application/octet-stream";
    response.writeHead(found ? 200 : 404, {
      "Content-Type": type,
      "Content-Security-Policy": `default-src 'self'; ${policy}`,
    });
    response.end(found);
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  const browser = await playwright.launch({ executablePath: chromium, args: ["--no-sandbox", "--disable-gpu"] });
  try {
    const tab = await browser.newPage();
    const problems: string[] = [];
    tab.on("pageerror", ({ message }) => problems.push(message));
    await tab.goto(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`);
    await tab
      .waitForFunction(() => document.title !== "", undefined, { timeout: 60_000 })
      .catch((error: Error) => {
        throw new Error([error.message, ...problems].join("\n"));
      });
    return await tab.title();
  } finally {
    await browser.close();
    server.close();
  }
}

const linux = process.platform === "linux" && process.arch === "x64";

it.skipIf(!linux)(
  "workerd makes the same, on WebAssembly that was compiled beforehand",
  async () => {
    const program = join(await fromNpm("@cloudflare/workerd-linux-64", "1.20261117.1"), "bin", "workerd");
    const external = [`./${KERNELS}`, "./encoder.isthb"];
    writeFileSync(join(folder, "worker.mjs"), await bundled(programs["worker.mjs"]!, { external }));
    writeFileSync(join(folder, "config.capnp"), workerdConfig());
    const worker = spawn(program, ["serve", "--control-fd=3", "config.capnp"], {
      cwd: folder,
      stdio: ["ignore", "inherit", "inherit", "pipe"],
    });
    try {
      const response = await fetch(`http://127.0.0.1:${await portOf(worker)}/`, { method: "POST", body: SAMPLES });
      expect(response.status).toBe(200);
      expect(response.headers.get("Isthmus-Kernels")).toBe("wasm");
      expect(Buffer.from(await response.arrayBuffer()).toString("hex")).toBe(expected);
    } finally {
      worker.kill();
      await once(worker, "exit");
    }
  },
  300_000,
);

function workerdConfig(): string {
  return `using Workerd = import "/workerd/workerd.capnp";
const config :Workerd.Config = (
  services = [(name = "main", worker = .worker)],
  sockets = [(name = "http", address = "127.0.0.1:0", http = (), service = "main")]
);
const worker :Workerd.Worker = (
  modules = [
    (name = "worker.mjs", esModule = embed "worker.mjs"),
    (name = "${KERNELS}", wasm = embed "${KERNELS}"),
    (name = "encoder.isthb", data = embed "encoder.isthb"),
  ],
  compatibilityDate = "2026-01-01",
);
`;
}

/** Where it listens, as it says on the control's file. */
async function portOf(worker: ChildProcess): Promise<number> {
  const ended = once(worker, "exit").then(([code]) => {
    throw new Error(`workerd ended (${code})`);
  });
  const listening = (async () => {
    for await (const line of createInterface({ input: worker.stdio[3] as Readable })) {
      const { event, port } = JSON.parse(line) as { event: string; port: number };
      if (event === "listen") return port;
    }
    throw new Error("workerd said nothing");
  })();
  return Promise.race([listening, ended]);
}

it.skipIf(!linux)(
  "Hermes makes the same, in plain JavaScript",
  async () => {
    const program = join(await fromNpm("hermes-engine-cli", "0.12.0"), "linux64-bin", "hermes");
    const packets = `export function packets(bundle, samples) {
  const session = javascriptEncoder(bundle).openSession({ session: 1 });
  return [session.hello(), ...session.encode(samples)];
}`;
    const module = new TextDecoder().decode(await bundled(`${programs["hermes.js"]!}\n${packets}`, { minify: false }));
    const old = ts.transpileModule(module, {
      compilerOptions: { target: ts.ScriptTarget.ES5, module: ts.ModuleKind.CommonJS, downlevelIteration: true },
    });
    const [int8, float] = [...filesOf(["encoder.isthb", "float.isthb"]).values()] as [Buffer, Buffer];
    writeFileSync(
      join(folder, "in-hermes.js"),
      `var exports = {};
${old.outputText}
if (typeof WebAssembly !== "undefined") throw new Error("this engine has WebAssembly");
function hex(bytes) { return Array.from(bytes, function (byte) { return (byte + 256).toString(16).slice(1); }).join(""); }
var int8 = new Uint8Array([${[...int8].join()}]), float = new Uint8Array([${[...float].join()}]), samples = new Float32Array([${[...SAMPLES].join()}]);
print(hex(exports.encoded(int8, samples)));
print(hex(exports.encoded(float, samples)));
exports.packets(int8, samples).forEach(function (packet) { print(hex(packet)); });
`,
    );
    const session = javascriptEncoder(int8).openSession({ session: 1 });
    const lines = [(await loadEncoder(float)).encode(SAMPLES), session.hello(), ...session.encode(SAMPLES)];
    const there = run(program, ["in-hermes.js"]).split("\n");
    expect(there).toEqual([expected, ...lines.map((bytes) => Buffer.from(bytes).toString("hex"))]);
  },
  300_000,
);
