/**
 * Where which engine works: a page and its worker as a user would write them, the packages from their tarballs, Vite as it comes, and
 * the same training in Node. The table of packages/backend/README.md is what was seen here; ISTHMUS_UPDATE=1 writes it.
 */
import { type EngineName, engineNames } from "@isthmus/backend";
import { cpSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import type { Browser, Page } from "playwright-core";
import { build, type PreviewServer } from "vite";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { newerNode } from "../bench/from-npm.ts";
import type { Answer } from "../browser/site/answer.ts";
import { type Task, train, type Training } from "../browser/site/train.ts";
import { type Environment, environments, environmentsTable, type Sight, withTable } from "../environments/table.ts";
import { readJson, root } from "../lib/paths.mjs";
import { quietly } from "../lib/process.mjs";
import { launchChromium, openPage, serve } from "./support/chromium.ts";
import { type EmptyProject, emptyProject } from "./support/empty-project.ts";

const [STEPS, FEW] = [200, 20];

/** Those that take minutes for 200 steps without a graphics card: as many in one place, a few in the others. */
const slow: readonly EngineName[] = ["tfjs:webgpu", "tfjs:webgl", "tfjs:cpu"];
const stepsOf = (engine: EngineName, environment: Environment): number =>
  slow.includes(engine) && environment !== "Worker, isolated" ? FEW : STEPS;

/**
 * A step rounds some hundred times one after the other, each time by 2^-24 of what it makes. Adam divides by the size of gradients, so
 * relative errors pass on as they are, and those of the steps before add up.
 */
const tolerance = (step: number): number => 100 * (step + 1) * 2 ** -24;

const tfjs = readJson(join(root, "packages", "tfjs", "package.json")) as { peerDependencies: Record<string, string> };
const readme = join(root, "packages", "backend", "README.md");
const seen = join(root, "tools", "environments", "seen.json");

let project: EmptyProject;
/** By steps. */
const reference = new Map<number, readonly number[]>();
const sights: Sight[] = [];

beforeAll(async () => {
  const ours = ["backend", "data", "models", "train", "wasm"].map((name) => `@isthmus/${name}`);
  project = await emptyProject(ours, tfjs.peerDependencies);
  for (const name of ["site", "single"]) {
    cpSync(join(root, "tools", "browser", name), join(project.folder, name), { recursive: true });
    await build(asItComes(name));
  }
  await build({ ...asItComes("site"), build: { ssr: "node.ts", outDir: "for-node" } });
  for (const steps of [FEW, STEPS]) reference.set(steps, (await train({ engine: "wasm", steps })).losses);
}, 300_000);

afterAll(() => project?.dispose());

/** Vite without a configuration, in a folder of the project. */
const asItComes = (folder: string) =>
  ({ root: join(project.folder, folder), configFile: false, logLevel: "silent" }) as const;

/** Notes what an engine made of a task, which must be what Node makes of it where it works at all. */
function see(engine: EngineName, environment: Environment, told: Answer<Training>): void {
  const evidence = expect.getState().currentTestName!;
  if ("error" in told) {
    sights.push({ engine, environment, works: false, reason: told.error, evidence });
    return;
  }
  const { losses, threads } = told.value;
  const wanted = reference.get(stepsOf(engine, environment))!;
  const missing = threads?.reason && `One thread: ${threads.reason.message}.`;
  sights.push({ engine, environment, works: true, ...(missing && { reason: missing }), evidence });
  expect(losses).toHaveLength(wanted.length);
  losses.forEach((loss, step) => {
    const off = Math.abs(loss / wanted[step]! - 1);
    // Our own kernels give the same bits everywhere, with any number of threads.
    const allowed = engine === "wasm" ? 0 : tolerance(step);
    if (!(off <= allowed))
      expect.fail(`step ${step}: ${loss}, in Node ${wanted[step]!}; off by ${off}, allowed ${allowed}`);
  });
}

it("the reference learns", () => {
  const losses = reference.get(STEPS)!;
  expect(losses).toHaveLength(STEPS);
  expect(losses.at(-1)!).toBeLessThan(0.5 * losses[0]!);
});

describe.each([
  { isolated: false, note: "" },
  { isolated: true, note: ", isolated" },
] as const)("Chromium, cross-origin isolated: $isolated", ({ isolated, note }) => {
  const problems: string[] = [];
  let browser: Browser;
  let server: PreviewServer;
  let page: Page;

  beforeAll(async () => {
    browser = await launchChromium();
    server = await serve(join(project.folder, "site"), { isolated });
    page = await openPage(browser, server.resolvedUrls!.local[0]!, problems);
    await page.waitForFunction("'trainIn' in globalThis");
  });

  afterAll(async () => {
    await browser?.close();
    await server?.close();
  });

  describe.each(["page", "Worker"] as const)("%s", (place) => {
    it.each([...engineNames])(
      "%s trains as Node does",
      async (engine) => {
        const environment = `${place}${note}` as const;
        const task: Task = { engine, steps: stepsOf(engine, environment) };
        const told = await page.evaluate(`trainIn.${place.toLowerCase()}(${JSON.stringify(task)})`);
        see(engine, environment, told as Answer<Training>);
        if ("error" in (told as object)) expect.fail((told as { stack: string }).stack);
        const { threads, selection } = (told as { value: Training }).value;
        expect(selection).toMatchObject({ engine, environment: { runtime: { kind: place.toLowerCase() } } });
        const found = engine === "wasm" ? [threads!.count, threads!.reason?.code] : undefined;
        if (found) expect(found).toEqual(isolated ? [2, undefined] : [1, "THREADS_NOT_ISOLATED"]);
        expect(problems.splice(0)).toEqual([]);
      },
      900_000,
    );
  });
});

it("one file, opened without a server, trains as Node does", async () => {
  const dist = join(project.folder, "single", "dist");
  const built = readdirSync(dist, { recursive: true, encoding: "utf8" }).filter((name) => /\.\w+$/.test(name));
  const scripts = built.filter((name) => name !== "index.html");
  expect(scripts).toEqual([expect.stringMatching(/\.js$/)]);
  // A text `</script>` in the code would end it too early.
  const code = readFileSync(join(dist, scripts[0]!), "utf8").replaceAll("</script", String.raw`<\/script`);
  const html = readFileSync(join(dist, "index.html"), "utf8").replace(
    /<script type="module"[^>]*><\/script>/,
    () => `<script type="module">${code}</script>`,
  );
  expect(html).toContain(code);
  const file = join(project.folder, "one.html");
  writeFileSync(file, html);
  const problems: string[] = [];
  const browser = await launchChromium();
  try {
    const page = await openPage(browser, pathToFileURL(file).href, problems);
    await page.waitForFunction("'trainHere' in globalThis");
    expect(await page.evaluate(`trainHere(${STEPS})`)).toEqual(reference.get(STEPS));
    expect(problems).toEqual([]);
  } finally {
    await browser.close();
  }
});

describe("Node", () => {
  /** What a training printed, or how it ended. */
  async function inNode(program: string, task: Task): Promise<Answer<Training>> {
    const script = join(project.folder, "site", "for-node", "node.js");
    const { code, output, stdout } = await quietly(program, [script, JSON.stringify(task)], { cwd: project.folder });
    return code === 0 ? (JSON.parse(stdout) as Answer<Training>) : { error: `ended with code ${code}`, stack: output };
  }

  describe.each(["Node 20", "Node 24"] as const)("%s", (environment) => {
    const major = environment.slice("Node ".length);
    const isThis = process.versions.node.split(".")[0] === major;

    it.skipIf(!isThis && major === "20").each([...engineNames])(
      "%s trains as its sources do, or says why not",
      async (engine) => {
        const program = isThis ? process.execPath : await newerNode();
        const told = await inNode(program, { engine, steps: stepsOf(engine, environment) });
        see(engine, environment, told);
        // A canvas is what Node has not; an adapter is there where Chromium is, whose SwiftShader the environment names.
        const works = engine !== "tfjs:webgl";
        if (works && "error" in told) expect.fail(told.stack);
        expect("value" in told).toBe(works);
      },
      900_000,
    );
  });
});

it("the table in packages/backend/README.md is what was seen", (context) => {
  if (sights.length < engineNames.length * environments.length) context.skip("not every environment was seen");
  if (process.env["ISTHMUS_UPDATE"] === "1") {
    writeFileSync(seen, `${JSON.stringify(sights, null, 2)}\n`);
    writeFileSync(readme, withTable(readFileSync(readme, "utf8"), environmentsTable(sights)));
  }
  expect(sights).toEqual(readJson(seen));
  expect(readFileSync(readme, "utf8")).toContain(environmentsTable(sights));
});
