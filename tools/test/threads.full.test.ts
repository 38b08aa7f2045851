// Threads in Chromium: shared memory needs cross-origin isolation, workers need leave from the page's policy.
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { workerSource } from "@isthmus/wasm";
import { type Browser, chromium as playwright } from "playwright-core";
import { build, preview, type PreviewServer } from "vite";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { run, type RunSummary } from "../browser/run.ts";
import { root } from "../lib/paths.mjs";
import { chromium, has } from "../lib/probe.mjs";

const ISOLATED = { "Cross-Origin-Opener-Policy": "same-origin", "Cross-Origin-Embedder-Policy": "require-corp" };
const STRICT = {
  "Content-Security-Policy": "default-src 'self'; script-src 'self' 'wasm-unsafe-eval'; worker-src 'self'",
};

describe.skipIf(!has().chromium)("threads in Chromium", () => {
  const folder = mkdtempSync(join(tmpdir(), "isthmus-threads-"));
  const site = { root: join(root, "tools", "browser"), logLevel: "error" as const, configFile: false as const };
  const out = { outDir: folder, emptyOutDir: true, target: "es2022" };
  const servers: PreviewServer[] = [];
  let browser: Browser;
  let inNode: RunSummary;

  beforeAll(async () => {
    await build({
      ...site,
      resolve: { conditions: ["@isthmus/source", "module", "browser", "production"] },
      build: out,
    });
    writeFileSync(join(folder, "worker.js"), workerSource);
    const flags = [
      "--no-sandbox",
      "--disable-gpu",
      "--disable-quic",
      "--no-first-run",
      "--disable-background-networking",
    ];
    browser = await playwright.launch({
      executablePath: chromium,
      args: [...flags, "--disable-component-update", "--disable-sync"],
    });
    inNode = await run("simd128");
  }, 240_000);

  afterAll(async () => {
    await browser?.close();
    for (const server of servers) await server.close();
    rmSync(folder, { recursive: true, force: true });
  });

  /** The seeded run in a page that is served with `headers`. */
  async function inPage(headers: Record<string, string>, options: object): Promise<RunSummary> {
    const server = await preview({ ...site, build: out, preview: { host: "127.0.0.1", port: 0, headers } });
    servers.push(server);
    const page = await browser.newPage();
    await page.goto(server.resolvedUrls!.local[0]!);
    await page.waitForFunction("typeof isthmusRun === 'function'");
    const summary = (await page.evaluate(`isthmusRun("simd128", ${JSON.stringify(options)})`)) as RunSummary;
    await page.close();
    return summary;
  }

  it("an isolated page trains on two to the very bits that one thread of Node gets", async () => {
    expect(await inPage(ISOLATED, { threads: 2 })).toEqual({ ...inNode, threads: { count: 2 } });
  }, 240_000);

  it("another page has one, and says what to serve it with", async () => {
    const there = await inPage({}, { threads: 2 });
    expect(there.threads).toMatchObject({ count: 1, reason: { code: "THREADS_NOT_ISOLATED" } });
    expect(there.threads.reason!.message).toMatch(/Cross-Origin-Opener-Policy.*Cross-Origin-Embedder-Policy/);
    expect({ ...there, threads: inNode.threads }).toEqual(inNode);
  }, 240_000);

  it("a policy that forbids blob workers leaves one, until the worker's code has an address", async () => {
    const headers = { ...ISOLATED, ...STRICT };
    expect((await inPage(headers, { threads: 2 })).threads).toMatchObject({ reason: { code: "THREADS_NOT_STARTED" } });
    const there = await inPage(headers, { threads: 2, workerUrl: "/worker.js" });
    expect(there).toEqual({ ...inNode, threads: { count: 2 } });
  }, 240_000);
});
