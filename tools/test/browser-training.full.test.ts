// A page and its worker as a user would write them, the packages from their tarballs, Vite as it comes: every engine trains in Chromium.
import { cpSync } from "node:fs";
import { join } from "node:path";
import type { Browser, Page } from "playwright-core";
import { build, type PreviewServer } from "vite";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Answer } from "../browser/site/answer.ts";
import { engineNames, train, type Training } from "../browser/site/train.ts";
import { readJson, root } from "../lib/paths.mjs";
import { type EmptyProject, emptyProject } from "./support/empty-project.ts";
import { launchChromium, openPage, serve } from "./support/chromium.ts";

const tfjs = readJson(join(root, "packages", "tfjs", "package.json")).peerDependencies as Record<string, string>;

/** What a page needs: `webgpu` is for Node. */
const peers = Object.fromEntries(Object.entries(tfjs).filter(([name]) => name.startsWith("@tensorflow/")));

let project: EmptyProject;
let browser: Browser;
let reference: readonly number[];

beforeAll(async () => {
  const ours = ["data", "graph", "models", "tfjs", "train", "wasm"].map((name) => `@isthmus/${name}`);
  project = await emptyProject(ours, peers);
  cpSync(join(root, "tools", "browser", "site"), project.folder, { recursive: true });
  await build({ root: project.folder, configFile: false, logLevel: "error" });
  browser = await launchChromium();
  reference = (await train("wasm")).losses;
}, 300_000);

afterAll(async () => {
  await browser?.close();
  project?.dispose();
});

describe.each([
  { name: "a page of any server", isolated: false },
  { name: "a cross-origin isolated page", isolated: true },
])("$name", ({ isolated }) => {
  const problems: string[] = [];
  let server: PreviewServer;
  let page: Page;

  beforeAll(async () => {
    server = await serve(project.folder, { isolated });
    page = await openPage(browser, server.resolvedUrls!.local[0]!, problems);
    await page.waitForFunction("'trainIn' in globalThis");
  });

  afterAll(async () => {
    await page?.close();
    await server?.close();
  });

  describe.each(["page", "worker"] as const)("in the %s", (place) => {
    it.each(engineNames)("%s trains as Node does", async (name) => {
      const told = (await page.evaluate(
        `trainIn[${JSON.stringify(place)}](${JSON.stringify(name)})`,
      )) as Answer<Training>;
      if ("error" in told) expect.fail(told.error);
      const { losses, threads } = told.value;
      expect(losses).toHaveLength(200);
      if (name === "wasm") {
        expect(losses).toEqual(reference);
        expect([threads!.count, threads!.reason?.code]).toEqual(
          isolated ? [2, undefined] : [1, "THREADS_NOT_ISOLATED"],
        );
      }
      const off = losses.map((loss, step) => Math.abs(loss / reference[step]! - 1));
      process.stderr.write(`${place} ${isolated} ${name} ${Math.max(...off)} ${off.indexOf(Math.max(...off))}\n`);
      expect(problems.splice(0)).toEqual([]);
    });
  });
});
