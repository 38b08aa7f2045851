// The page and the real service, from origins of their own: sent, stored, decoded there, models fetched from there.
import { decodeItems, decodeStreamLatents } from "@isthmus/compress";
import { javascriptEncoder } from "@isthmus/edge";
import { readModelFile } from "@isthmus/graph";
import { createWasmEngine } from "@isthmus/wasm";
import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Browser } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { root } from "../../../../tools/lib/paths.mjs";
import { has } from "../../../../tools/lib/probe.mjs";
import { ServerProcess } from "../../../../tools/services/server-process.ts";
import { launchChromium } from "../../../../tools/test/support/chromium.ts";
import { seriesModel } from "./support/series-model.ts";
import { buildSite, drawSeven, greyOf, setService, type Site } from "./support/site.ts";

const cloud = [
  "--import",
  import.meta.resolve("tsx"),
  "--conditions=@isthmus/source",
  join(root, "apps/cloud/src/main.ts"),
];
const patience = { timeout: 120_000 };

describe.skipIf(!has().chromium)("the page and the service", () => {
  const folder = mkdtempSync(join(tmpdir(), "isthmus-page-service-"));
  const data = join(folder, "data");
  const problems: string[] = [];
  let site: Site;
  let browser: Browser;
  let service: ServerProcess;
  let url: string;
  let series: Awaited<ReturnType<typeof seriesModel>>;

  const token = (role: string, name: string) =>
    execFileSync(process.execPath, [...cloud, "token", "--data", data, "--role", role, "--name", name], {
      encoding: "utf8",
    }).trim();

  beforeAll(async () => {
    [site, browser, series] = await Promise.all([buildSite(), launchChromium(), seriesModel()]);
    const models = join(folder, "models");
    mkdirSync(models);
    writeFileSync(join(models, "digits.safetensors"), site.model.file);
    writeFileSync(join(models, "series.safetensors"), series.file);
    writeFileSync(join(models, "series.isthb"), series.bundle);
    const origin = new URL(site.url).origin;
    const args = [
      "serve",
      "--models",
      models,
      "--data",
      data,
      "--port",
      "0",
      "--cors-origin",
      origin,
      "--log-level",
      "error",
    ];
    service = new ServerProcess({ program: process.execPath, args: [...cloud, ...args], ready: /http:\/\/[\d.:]+/ });
    await service.start();
    url = service.readyWith[0];
  }, 240_000);

  afterAll(async () => {
    await browser?.close();
    await service?.stop();
    await site?.close();
    rmSync(folder, { recursive: true, force: true });
  });

  it("store a drawing once, and decode it to what Node decodes", async () => {
    const reader = token("reader", "ann");
    const page = await site.open(await browser.newContext(), problems);
    await drawSeven(page);
    const stream = javascriptEncoder(site.model.bundle).encode(await greyOf(page, "seen"));
    await setService(page, { service: url, deviceToken: token("device", "pad-9"), readerToken: reader });
    await page.click("#send");
    await expect.poll(() => page.textContent("#queue-sent"), patience).toBe(`1 (${stream.length} bytes)`);
    await page.waitForSelector("#cloud-figure:visible", patience);

    const model = readModelFile(site.model.file);
    const engine = await createWasmEngine({ build: "simd128" });
    const expected = await decodeItems(engine, model, decodeStreamLatents(model, stream));
    engine.dispose();
    const shown = await greyOf(page, "cloud-picture");
    // Another engine's sums: a value between two levels may be rounded to either.
    const errors = [...shown].map((value, i) => Math.abs(value - 255 * expected[i]!));
    expect(Math.max(...errors)).toBeLessThan(0.51);

    const answer = await fetch(`${url}/v1/devices/pad-9`, { headers: { Authorization: `Bearer ${reader}` } });
    expect(await answer.json()).toMatchObject({
      device: "pad-9",
      frames: 1,
      items: 1,
      bytes: stream.length,
      model: site.model.id,
    });
    expect(problems.splice(0)).toEqual([]);
  });

  it("agree on another model: encoder and decoder come from there, and rows of numbers go there and back", async () => {
    const page = await site.open(await browser.newContext(), problems);
    const tokens = { deviceToken: token("device", "pump-1"), readerToken: token("reader", "bob") };
    await setService(page, { service: url, ...tokens });
    await page.click("#open-settings");
    await page.fill("#model-id", series.id);
    await page.click("#model-fetch");
    await expect.poll(() => page.textContent("#model-now"), patience).toBe(`${series.id}, from the service`);
    await page.click("#settings-cancel");
    const text = series.rows.map((row) => row.join(",")).join("\n");
    await page.setInputFiles("#csv-file", { name: "waves.csv", mimeType: "text/csv", buffer: Buffer.from(text) });
    await page.waitForSelector("#sizes-rows tr.ours");
    await page.click("#send");
    await page.waitForSelector("#cloud-series polyline", patience);
    await page.click("#load-decoder");
    await page.waitForSelector("#latent-series polyline", patience);
    const points = (id: string) =>
      page
        .getAttribute(`#${id} polyline`, "points")
        .then((all) => all!.split(" ").map((one) => Number(one.split(",")[1])));
    // Both are drawn to a tenth of a unit, from values that two engines made.
    const [there, here] = [await points("cloud-series"), await points("latent-series")];
    expect(there).toHaveLength(here.length);
    there.forEach((y, i) => expect(Math.abs(y - here[i]!)).toBeLessThan(0.21));
    expect(problems.splice(0)).toEqual([]);
  });

  it("say what is wrong with a token, and go on with a right one", async () => {
    const page = await site.open(await browser.newContext(), problems);
    await drawSeven(page);
    await setService(page, { service: url, device: "pad-10", deviceToken: `${token("device", "pad-10")}x` });
    await page.click("#send");
    await expect
      .poll(() => page.textContent("#queue-state"), patience)
      .toMatch(/^Not sent: the service does not accept the token/);
    await setService(page, { service: url, deviceToken: token("device", "pad-10") });
    await expect.poll(() => page.textContent("#queue-sent"), patience).toMatch(/^1 /);
  });
});
