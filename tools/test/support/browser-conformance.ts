/** The suite that every engine must pass, in Chromium: on packages as they are installed from their tarballs. */
import type { EngineName } from "@isthmus/backend";
import { join } from "node:path";
import type { Browser } from "playwright-core";
import { build, type Plugin } from "vite";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Verdict } from "../../browser/conformance/suite.ts";
import type { Answer } from "../../browser/site/answer.ts";
import { readJson, root } from "../../lib/paths.mjs";
import { launchChromium, openPage, serve } from "./chromium.ts";
import { type EmptyProject, emptyProject } from "./empty-project.ts";

const site = join(root, "tools", "browser", "conformance");
const tfjs = readJson(join(root, "packages", "tfjs", "package.json")) as { peerDependencies: Record<string, string> };

/** The suite is no package: whatever it imports of ours is the project's. */
function installed(folder: string): Plugin {
  const importer = join(folder, "index.js");
  return {
    name: "installed",
    enforce: "pre",
    resolveId(source, from, options) {
      const name = source === "../../src/index.ts" && from?.includes("/conformance/") ? "@isthmus/graph" : source;
      if (!/^@(isthmus|tensorflow)\//.test(name)) return undefined;
      return from?.startsWith(folder) ? undefined : this.resolve(name, importer, { ...options, skipSelf: true });
    },
  };
}

/** In a page or in a Worker, cross-origin isolated or not. */
export type Place = readonly [place: "page" | "worker", isolated: boolean];

/** Registers the tests: each engine in each place. */
export function conformanceTests(engines: readonly EngineName[], places: readonly Place[]): void {
  let project: EmptyProject;
  let browser: Browser;

  beforeAll(async () => {
    project = await emptyProject(["@isthmus/backend", "@isthmus/math"], tfjs.peerDependencies);
    await build({
      ...{ root: site, configFile: false, logLevel: "silent" },
      plugins: [installed(project.folder)],
      worker: { plugins: () => [installed(project.folder)] },
      build: { outDir: join(project.folder, "dist") },
    });
    browser = await launchChromium();
  }, 300_000);

  afterAll(async () => {
    await browser?.close();
    project?.dispose();
  });

  describe.each(places)("in a %s, cross-origin isolated: %s", (place, isolated) => {
    it.each([...engines])(
      "%s passes every test",
      async (engine) => {
        const problems: string[] = [];
        const server = await serve(project.folder, { isolated });
        const page = await openPage(browser, server.resolvedUrls!.local[0]!, problems);
        try {
          await page.waitForFunction("'conformIn' in globalThis");
          const told = (await page.evaluate(`conformIn.${place}(${JSON.stringify(engine)})`)) as Answer<Verdict[]>;
          if ("error" in told) expect.fail(told.stack);
          expect(told.value.filter(({ state }) => state !== "pass")).toEqual([]);
          expect(told.value.length).toBeGreaterThan(600);
          expect(problems).toEqual([]);
        } finally {
          await page.close();
          await server.close();
        }
      },
      3_600_000,
    );
  });
}
