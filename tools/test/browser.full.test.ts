// The packages bundled by Vite and run by Chromium: the same seed, the same code, the same bits as in Node.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Browser, chromium as playwright, type Page } from "playwright-core";
import { build, preview, type PreviewServer } from "vite";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { run, type RunSummary } from "../browser/run.ts";
import { root } from "../lib/paths.mjs";
import { chromium, has } from "../lib/probe.mjs";

describe.skipIf(!has().chromium)("in Chromium", () => {
  const folder = mkdtempSync(join(tmpdir(), "isthmus-browser-"));
  const problems: string[] = [];
  let server: PreviewServer;
  let browser: Browser;
  let page: Page;

  beforeAll(async () => {
    const site = { root: join(root, "tools", "browser"), logLevel: "error" as const, configFile: false as const };
    const out = { outDir: folder, emptyOutDir: true, target: "es2022" };
    await build({
      ...site,
      resolve: { conditions: ["@isthmus/source", "module", "browser", "production"] },
      build: out,
    });
    server = await preview({ ...site, build: out, preview: { host: "127.0.0.1", port: 0 } });
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
    page = await browser.newPage();
    page.on("pageerror", (error) => problems.push(error.message));
    await page.goto(server.resolvedUrls!.local[0]!);
    await page.waitForFunction("typeof isthmusRun === 'function'");
  }, 120_000);

  afterAll(async () => {
    await browser?.close();
    await server?.close();
    rmSync(folder, { recursive: true, force: true });
  });

  const inPage = (name: RunSummary["build"]) =>
    page.evaluate(`isthmusRun(${JSON.stringify(name)})`) as Promise<RunSummary>;

  it("trains with the SIMD128 build to the very weights, stream and integers that Node gets", async () => {
    const there = await inPage("simd128");
    expect(there).toEqual(await run("simd128"));
    expect(there.lastLoss).toBeLessThan(0.7 * there.firstLoss);
    expect(problems).toEqual([]);
  }, 120_000);

  it("trains with the relaxed build, whose sums differ in the last bits only", async () => {
    const [relaxed, exact] = [await inPage("relaxed"), await run("simd128")];
    expect(relaxed.steps).toBe(50);
    // The first loss is one forward pass of sums of some 400,000 float32 terms: a few parts in a million.
    expect(Math.abs(relaxed.firstLoss / exact.firstLoss - 1)).toBeLessThan(1e-5);
    expect(relaxed.lastLoss).toBeLessThan(0.7 * relaxed.firstLoss);
  }, 120_000);
});
