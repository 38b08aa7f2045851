// Offline and back: the page works without a network, what was queued waits, goes out on return, and is stored once.
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Browser, BrowserContext, Page } from "playwright-core";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { has } from "../../../../tools/lib/probe.mjs";
import { launchChromium } from "../../../../tools/test/support/chromium.ts";
import { type FakeService, fakeService } from "./support/fake-service.ts";
import { buildSite, drawSeven, ready, setService, type Site, stroke } from "./support/site.ts";

const patience = { timeout: 90_000 };

describe.skipIf(!has().chromium)("the page's queue in Chromium", () => {
  let site: Site;
  let browser: Browser;
  let service: FakeService;
  let context: BrowserContext;
  const problems: string[] = [];

  beforeAll(async () => {
    [site, browser] = await Promise.all([buildSite(), launchChromium()]);
  }, 120_000);

  beforeEach(async () => {
    service = await fakeService();
    context = await browser.newContext();
  });

  afterEach(async () => {
    await context.close();
    await service.close();
    // Chromium itself says on the console what could not be fetched and which answer was none of 200.
    const others = problems.splice(0).filter((text) => !text.startsWith("Failed to load resource"));
    if (others.length > 0) throw new Error(`the page complained: ${others.join("; ")}`);
  });

  afterAll(async () => {
    await browser?.close();
    await site?.close();
  });

  const open = () => site.open(context, problems);

  /** Queues what is drawn so many times. */
  const send = async (page: Page, times = 1) => {
    const before =
      Number.parseInt((await page.textContent("#queue-waiting"))!) +
      Number.parseInt((await page.textContent("#queue-sent"))!);
    for (let i = 1; i <= times; i++) {
      await page.click("#send");
      const queued = async () =>
        Number.parseInt((await page.textContent("#queue-waiting"))!) +
        Number.parseInt((await page.textContent("#queue-sent"))!);
      await expect.poll(queued, patience).toBe(before + i);
    }
  };
  const waiting = (page: Page) => () => page.textContent("#queue-waiting").then((text) => Number.parseInt(text!));
  const sentOf = (page: Page) => () => page.textContent("#queue-sent").then((text) => Number.parseInt(text!));

  it("works offline from the second visit on, keeps its queue over a reload, and sends each once on return", async () => {
    const page = await open();
    await page.evaluate("navigator.serviceWorker.ready");
    await setService(page, { service: service.url, device: "pad-1" });
    await context.setOffline(true);
    await expect.poll(() => page.textContent("#network-text"), patience).toBe("Offline");
    await drawSeven(page);
    await send(page, 3);
    expect(await page.textContent("#queue-state")).toBe("Offline: frames wait here and are sent on return.");
    await page.reload();
    await ready(page);
    expect(await page.textContent("#network-text")).toBe("Offline");
    expect(await waiting(page)()).toBe(3);
    await drawSeven(page);
    await send(page, 1);
    expect(service.arrived).toEqual([]);
    await context.setOffline(false);
    await expect.poll(sentOf(page), patience).toBe(4);
    expect(await waiting(page)()).toBe(0);
    expect([...service.stored.values()].map(({ device }) => device)).toEqual(["pad-1", "pad-1", "pad-1", "pad-1"]);
    expect(service.arrived).toHaveLength(4);
    const sequences = service.arrived.map(({ sequence }) => sequence);
    expect(sequences).toEqual([...new Set(sequences)].sort((a, b) => a - b));
    const now = Date.now() * 1000;
    for (const { time } of service.arrived) expect(now - time).toBeLessThan(3_600e6);
  });

  it("waits without a service, and sends when there is one, under the name that its token has", async () => {
    const page = await open();
    await drawSeven(page);
    await send(page, 2);
    expect(await page.textContent("#queue-state")).toBe("No service is set: frames wait here until there is one.");
    await setService(page, { service: service.url, deviceToken: "device.pad-2.3.mac" });
    await expect.poll(sentOf(page), patience).toBe(2);
    expect(service.arrived.map(({ device }) => device)).toEqual(["pad-2", "pad-2"]);
    expect(new Set(service.tokens)).toEqual(new Set(["Bearer device.pad-2.3.mac"]));
  });

  it("sends again where the answer was lost, the same bytes, and takes a duplicate for success", async () => {
    const page = await open();
    service.moods.isMute = true;
    await setService(page, { service: service.url });
    await drawSeven(page);
    await send(page);
    await expect
      .poll(() => page.textContent("#queue-state"), patience)
      .toMatch(/^Not sent: the service cannot be reached\. Next attempt in \d+ s\.$/);
    service.moods.isMute = false;
    await expect.poll(sentOf(page), patience).toBe(1);
    expect(service.stored.size).toBe(1);
    expect(service.arrived.length).toBeGreaterThanOrEqual(2);
    for (const parcel of service.arrived) expect(parcel).toEqual(service.arrived[0]);
  });

  it("does with each refusal what the protocol says, and sends the others meanwhile", async () => {
    const page = await open();
    await drawSeven(page);
    await send(page, 4);
    const order = new Map<number, number>();
    const taken = new Set<number>();
    service.moods.parcel = ({ sequence }) => {
      if (!order.has(sequence)) order.set(sequence, order.size);
      switch (order.get(sequence)) {
        case 0:
          return { reason: "unknown-model", model: site.model.id, detail: "it is not here" };
        case 1:
          return { reason: "bad-frame", code: "BITSTREAM_CRC", detail: "damaged" };
        case 2:
          taken.add(sequence);
          return { reason: "sequence-taken", next: 5e12 };
        default:
          return undefined;
      }
    };
    await setService(page, { service: service.url });
    // The third came back under another number, and the fourth was taken at once.
    await expect.poll(sentOf(page), patience).toBe(2);
    expect([...service.stored.values()].map(({ sequence }) => sequence).some((sequence) => sequence >= 5e12)).toBe(
      true,
    );
    expect([...service.stored.values()].some(({ sequence }) => taken.has(sequence))).toBe(false);
    await expect.poll(() => page.textContent("#queue-state"), patience).toMatch(/the service does not have this model/);
    // Ten times damaged is set aside, which a person can undo.
    for (let attempt = 0; attempt < 12 && (await page.textContent("#queue-aside")) === "0"; attempt++) {
      await page.click("#send-now", patience);
      await expect.poll(() => page.textContent("#queue-state"), patience).toMatch(/^Not sent/);
    }
    expect(await page.textContent("#queue-aside")).toBe("1");
    service.moods.parcel = undefined;
    await page.click("#return-aside");
    await expect.poll(sentOf(page), patience).toBe(4);
    expect(await waiting(page)()).toBe(0);
    expect(service.stored.size).toBe(4);
  });

  it("waits as long as a busy service asks", async () => {
    const page = await open();
    service.moods.body = () => ({ status: 429, reason: "overloaded", headers: { "Retry-After": "600" } });
    await setService(page, { service: service.url });
    await drawSeven(page);
    await send(page);
    await expect
      .poll(() => page.textContent("#queue-state"), patience)
      .toMatch(/^Not sent: the service is busy\. Next attempt in (59\d|600) s\.$/);
    service.moods.body = undefined;
    await page.click("#send-now");
    await expect.poll(sentOf(page), patience).toBe(1);
  });

  it("sends fewer at once where many are too large together", async () => {
    const page = await open();
    await drawSeven(page);
    await send(page, 5);
    let bodies = 0;
    service.moods.body = () => (++bodies <= 2 ? { status: 413, reason: "too-large" } : undefined);
    await setService(page, { service: service.url });
    await expect.poll(sentOf(page), patience).toBe(5);
    expect(bodies).toBe(7);
    expect(service.arrived).toHaveLength(5);
  });

  it("sends from one tab at a time, each parcel once, and both show the same queue", async () => {
    const [one, two] = [await open(), await open()];
    await drawSeven(one);
    await send(one, 3);
    await drawSeven(two);
    await send(two, 3);
    await expect.poll(waiting(one), patience).toBe(6);
    await context.setOffline(true);
    await setService(one, { service: service.url });
    await setService(two, { service: service.url });
    await context.setOffline(false);
    for (const page of [one, two]) await expect.poll(sentOf(page), patience).toBe(6);
    expect(service.arrived).toHaveLength(6);
    expect(service.atOnce()).toBe(1);
  });

  it("offers a newer build when it is ready, and uses it when told to", async () => {
    const page = await open();
    await page.evaluate("navigator.serviceWorker.ready");
    await page.reload();
    await ready(page);
    expect(await page.isVisible("#update")).toBe(false);
    const file = join(site.folder, "service-worker.js");
    writeFileSync(file, readFileSync(file, "utf8").replace(/version:\s*["'`]\w+["'`]/, `version:"newer"`));
    await page.evaluate("navigator.serviceWorker.getRegistration().then((one) => one.update()).then(() => undefined)");
    await page.waitForSelector("#update:visible", patience);
    const reloaded = page.waitForEvent("load", patience);
    await page.click("#update-now");
    await reloaded;
    await ready(page);
    expect(await page.evaluate("caches.keys()")).toEqual(["isthmus-page-newer"]);
    expect(await page.isVisible("#update")).toBe(false);
  });

  it("keeps to its own files: what is not of the build goes to the network", async () => {
    const page = await open();
    await page.evaluate("navigator.serviceWorker.ready");
    await page.reload();
    await ready(page);
    expect(await page.evaluate("navigator.serviceWorker.controller !== null")).toBe(true);
    const names = (await page.evaluate("caches.keys()")) as string[];
    expect(names).toHaveLength(1);
    const kept = (await page.evaluate(
      `caches.open(${JSON.stringify(names[0])}).then((cache) => cache.keys()).then((all) => all.map(({ url }) => url))`,
    )) as string[];
    expect(kept).toContain(site.url);
    expect(kept.some((url) => url.endsWith(".safetensors"))).toBe(false);
    await drawSeven(page);
    await page.click("#load-decoder");
    await page.waitForSelector("#sliders input");
    // What was asked for once is there offline, too.
    await context.setOffline(true);
    await page.reload();
    await ready(page);
    await stroke(page, [
      [0.5, 0.2],
      [0.5, 0.8],
    ]);
    await page.click("#load-decoder:enabled");
    await page.waitForSelector("#sliders input", patience);
    await context.setOffline(false);
  });
});
