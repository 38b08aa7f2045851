// The page as a person meets it: what is put in, what is shown, by pointer and by keyboard, on a desk and on a phone.
import { javascriptEncoder } from "@isthmus/edge";
import { readModelFile } from "@isthmus/graph";
import { decodeItems, decodeStreamLatents } from "@isthmus/compress";
import { createWasmEngine } from "@isthmus/wasm";
import { encode as encodePng } from "fast-png";
import type { Browser, BrowserContextOptions, Page } from "playwright-core";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { has } from "../../../../tools/lib/probe.mjs";
import { launchChromium } from "../../../../tools/test/support/chromium.ts";
import { seriesModel } from "./support/series-model.ts";
import { buildSite, drawSeven, greyOf, setService, type Site, stroke } from "./support/site.ts";
import { type FakeService, fakeService } from "./support/fake-service.ts";

const patience = { timeout: 90_000 };

const camera = ["--use-fake-device-for-media-stream", "--use-fake-ui-for-media-stream"];

describe.skipIf(!has().chromium)("the page in Chromium", () => {
  let site: Site;
  let browser: Browser;
  let service: FakeService;
  const problems: string[] = [];

  beforeAll(async () => {
    [site, browser, service] = await Promise.all([buildSite(), launchChromium(camera), fakeService()]);
  }, 120_000);

  afterAll(async () => {
    await browser?.close();
    await service?.close();
    await site?.close();
  });

  afterEach(() => {
    if (problems.length > 0) throw new Error(`the page complained: ${problems.splice(0).join("; ")}`);
  });

  const open = async (options: BrowserContextOptions = {}, url?: string): Promise<Page> =>
    site.open(await browser.newContext(options), problems, url);

  /** The streams that the service gets when what is shown is sent. */
  const sent = async (page: Page): Promise<Uint8Array> => {
    const before = service.stored.size;
    await setService(page, { service: service.url });
    await page.click("#send");
    await expect.poll(() => service.stored.size, patience).toBe(before + 1);
    return Uint8Array.from([...service.stored.values()].at(-1)!.stream);
  };

  it("encodes a drawing to the bytes that Node writes of the same pixels, and says how many", async () => {
    const page = await open();
    await drawSeven(page);
    const pixels = await greyOf(page, "seen");
    expect(pixels.some((value) => value > 200)).toBe(true);
    const expected = javascriptEncoder(site.model.bundle).encode(pixels);
    expect(await page.textContent("#sizes-rows .ours .number")).toBe(String(expected.length));
    expect(await page.locator("#sizes-rows th").allTextContents()).toEqual([
      "Isthmus",
      "PNG",
      "JPEG, quality 75",
      "Raw, 8 bits",
    ]);
    expect(await page.locator("#sizes-rows .number").last().textContent()).toBe("784");
    expect(await page.locator(".bar-item").count()).toBe(24);
    expect((await page.textContent("#code-text"))!.split(", ").every((symbol) => /^-?\d+$/.test(symbol))).toBe(true);
    expect(await sent(page)).toEqual(expected);
    await page.click("#clear");
    await page.waitForSelector("#code-empty:visible");
    expect(await page.isDisabled("#send")).toBe(true);
  });

  it("writes a digit for who does not draw", async () => {
    const page = await open();
    await page.click('[aria-label="Write the digit 3"]');
    await page.waitForSelector("#sizes-rows tr.ours");
    expect((await greyOf(page, "seen")).some((value) => value > 200)).toBe(true);
  });

  it("encodes a picture that is chosen, inverts it, and says what is none", async () => {
    const page = await open();
    const data = Uint8Array.from({ length: 3 * 60 * 40 }, (_, i) => ((i % 180) + i / 180) % 256);
    const png = Buffer.from(encodePng({ width: 60, height: 40, data, channels: 3 }));
    await page.click("#tab-picture");
    await page.setInputFiles("#picture-file", { name: "slope.png", mimeType: "image/png", buffer: png });
    await page.waitForSelector("#sizes-rows tr.ours");
    expect(await page.textContent("#picture-state")).toBe("slope.png");
    const pixels = await greyOf(page, "seen");
    await page.check("#picture-invert");
    await expect.poll(async () => (await greyOf(page, "seen"))[0], patience).toBe(255 - pixels[0]!);
    expect(await greyOf(page, "seen")).toEqual(pixels.map((value) => 255 - value));
    await page.setInputFiles("#picture-file", {
      name: "note.png",
      mimeType: "image/png",
      buffer: Buffer.from("no picture"),
    });
    await expect
      .poll(() => page.textContent("#picture-state"))
      .toBe("note.png: this browser cannot read it as a picture");
  });

  it("encodes what is dropped, of a CSV file every row as Node would", async () => {
    const page = await open();
    const rows = [0, 1, 2].map((row) => Array.from({ length: 784 }, (_, i) => (i * (row + 3)) % 256));
    const text = rows.map((row) => row.join(",")).join("\n");
    await page.evaluate(`(() => {
      const transfer = new DataTransfer();
      transfer.items.add(new File([${JSON.stringify(text)}], "three.csv", { type: "text/csv" }));
      dispatchEvent(new DragEvent("drop", { dataTransfer: transfer, bubbles: true, cancelable: true }));
    })()`);
    await page.waitForSelector("#sizes-rows tr.ours");
    expect(await page.getAttribute("#tab-csv", "aria-selected")).toBe("true");
    expect(await page.textContent("#csv-state")).toBe("three.csv: 3 items");
    expect(await page.textContent("#item-number")).toBe("Item 1 of 3");
    await page.click("#previous-item");
    expect(await page.textContent("#item-number")).toBe("Item 3 of 3");
    expect(await greyOf(page, "seen")).toEqual(Uint8Array.from(rows[2]!));
    expect(await sent(page)).toEqual(javascriptEncoder(site.model.bundle).encode(Float64Array.from(rows.flat())));
    await page.setInputFiles("#csv-file", {
      name: "<b>odd</b>.csv",
      mimeType: "text/csv",
      buffer: Buffer.from("1,2,3\n"),
    });
    await expect
      .poll(() => page.textContent("#csv-state"))
      .toBe("<b>odd</b>.csv: rows of 3 numbers: an item has 784, so a row needs a divisor of that");
  });

  it("encodes what the camera sees, once and continuously, and turns it off", async () => {
    const page = await open({ permissions: ["camera"] });
    await page.click("#tab-camera");
    await page.click("#camera-start");
    await page.waitForSelector("#camera-take:enabled");
    await page.click("#camera-take");
    await page.waitForSelector("#sizes-rows tr.ours");
    await page.check("#camera-live");
    const first = await page.textContent("#code-time");
    await expect.poll(() => page.textContent("#code-time"), patience).not.toBe(first);
    await page.click("#tab-draw");
    await page.click("#tab-camera");
    expect(await page.textContent("#camera-state")).toBe("The camera is off.");
    expect(await page.isDisabled("#camera-take")).toBe(true);
  });

  it("says what to do where the camera is denied", async () => {
    const denying = await launchChromium(["--use-fake-device-for-media-stream", "--deny-permission-prompts"]);
    try {
      const page = await site.open(await denying.newContext(), problems);
      await page.click("#tab-camera");
      await page.click("#camera-start");
      await expect
        .poll(() => page.textContent("#camera-state"), { timeout: 60_000 })
        .toMatch(/^The camera is not allowed/);
      expect(await page.textContent("#camera-start")).toBe("Start the camera");
    } finally {
      await denying.close();
    }
  });

  it.each([
    ["not isolated", false],
    ["isolated", true],
  ])("loads the decoder on request and decodes live what Node decodes: %s", async (_, isolated) => {
    const page = await open({}, isolated ? site.isolatedUrl : site.url);
    expect(await page.evaluate("crossOriginIsolated")).toBe(isolated);
    const asked: string[] = [];
    page.on("request", (request) => asked.push(request.url()));
    await drawSeven(page);
    expect(asked.filter((url) => /safetensors|decoder-worker|simd128/.test(url))).toEqual([]);
    await page.click("#load-decoder");
    await page.waitForSelector("#latent-caption:not(:empty)");
    expect(asked.filter((url) => /safetensors|decoder-worker/.test(url))).toHaveLength(2);

    const engine = await createWasmEngine({ build: "simd128" });
    const model = readModelFile(site.model.file);
    const stream = javascriptEncoder(site.model.bundle).encode(await greyOf(page, "seen"));
    const expected = await decodeItems(engine, model, decodeStreamLatents(model, stream));
    engine.dispose();
    const bytes = Uint8Array.from(expected, (value) => Math.round(255 * value));
    expect(await greyOf(page, "latent-picture")).toEqual(bytes);

    const slider = page.locator("#sliders input").first();
    const before = await slider.inputValue();
    await slider.press("ArrowRight");
    expect(Number(await slider.inputValue())).toBe(Number(before) + 1);
    await expect.poll(() => greyOf(page, "latent-picture"), patience).not.toEqual(bytes);
    await page.click("#reset-latent");
    await expect.poll(() => greyOf(page, "latent-picture"), patience).toEqual(bytes);
    expect(await slider.inputValue()).toBe(before);
  });

  it("works under its own policy as a header of every file, and evaluates no text", async () => {
    const page = await open({}, site.strictUrl);
    await drawSeven(page);
    await page.click("#load-decoder");
    await page.waitForSelector("#latent-caption:not(:empty)");
    const evaluated = page.evaluate(`(() => { const run = setTimeout; run("document.title = 'evaluated'"); })()`);
    await evaluated;
    await expect.poll(() => problems.length, patience).toBeGreaterThan(0);
    expect(problems.splice(0).every((text) => text.includes("Content Security Policy"))).toBe(true);
    expect(await page.title()).toBe("Isthmus");
  });

  it("encodes rows of numbers with a model for them, and says where pictures are none of its business", async () => {
    const { bundle, file, id, rows } = await seriesModel();
    const page = await open({ permissions: ["camera"] });
    await page.click("#open-settings");
    await page.setInputFiles("#model-file", {
      name: "waves.isthb",
      mimeType: "application/octet-stream",
      buffer: Buffer.from(bundle),
    });
    await expect.poll(() => page.textContent("#model-now"), patience).toBe(`${id}, from the file waves.isthb`);
    await page.click("#settings-cancel");
    expect(await page.getAttribute("#tab-csv", "aria-selected")).toBe("true");
    const text = `${["a", "b", "c", "d"].join(";")}\n${rows.map((row) => row.join(";")).join("\n")}\n1;2;3;4\n`;
    await page.setInputFiles("#csv-file", { name: "waves.csv", mimeType: "text/csv", buffer: Buffer.from(text) });
    await page.waitForSelector("#sizes-rows tr.ours");
    expect(await page.textContent("#csv-state")).toBe(
      "waves.csv: 2 items; 1 rows at the end are no whole item and were left out",
    );
    expect(await page.locator("#sizes-rows th").allTextContents()).toEqual(["Isthmus", "Raw, 32 bits", "As CSV"]);
    expect(await page.locator("#sizes-rows .number").allTextContents()).toContain(String(4 * 32));
    expect(await sent(page)).toEqual(javascriptEncoder(bundle).encode(Float64Array.from(rows.flat())));

    service.files.set(`/v1/models/${id}`, file);
    await page.click("#load-decoder");
    await page.waitForSelector("#latent-series polyline");
    expect(await page.locator("#sliders input").count()).toBe(2);

    await page.click("#tab-camera");
    await page.click("#camera-start");
    await page.click("#camera-take:enabled");
    const refusal = "the model in use is for rows of numbers, not for pictures";
    await expect.poll(() => page.textContent("#camera-state"), patience).toMatch(new RegExp(refusal, "i"));
    await page.click("#tab-draw");
    expect(await page.textContent("#draw-state")).toMatch(new RegExp(refusal, "i"));
  });

  it("shows what the cloud decoded, asking with the reader's token", async () => {
    const page = await open();
    await drawSeven(page);
    expect(await page.isDisabled("#decode")).toBe(true);
    await setService(page, {
      service: `${service.url}/`,
      deviceToken: "device.pad.7.0.mac",
      readerToken: "reader.ann.0.mac",
    });
    await page.click("#decode");
    await page.waitForSelector("#cloud-figure:visible");
    expect(await greyOf(page, "cloud-picture")).toEqual(new Uint8Array(784).fill(200));
    expect(service.tokens.at(-1)).toBe("Bearer reader.ann.0.mac");
    await page.click("#send");
    await expect.poll(() => [...service.stored.values()].at(-1)?.device, patience).toBe("pad.7");
    expect(service.tokens).toContain("Bearer device.pad.7.0.mac");
    await stroke(page, [
      [0.2, 0.6],
      [0.8, 0.6],
    ]);
    await page.waitForSelector("#cloud-figure", { state: "hidden" });
  });

  it("refuses settings that cannot be, beside the field, and keeps the others", async () => {
    const page = await open();
    await page.click("#open-settings");
    for (const [field, wrong, right] of [
      ["service-url", "ftp://here", "https://service.example"],
      ["device-name", "no name", "pad-7"],
      ["reader-token", "secret", ""],
    ] as const) {
      await page.fill(`#${field}`, wrong);
      await page.click("#settings-save");
      expect(await page.textContent(`#${field}-error`)).not.toBe("");
      expect(await page.evaluate("document.activeElement.id")).toBe(field);
      await page.fill(`#${field}`, right);
    }
    await page.click("#settings-save");
    await page.waitForSelector("#settings", { state: "hidden" });
    await page.reload();
    await page.click("#open-settings");
    expect(await page.inputValue("#service-url")).toBe("https://service.example");
    expect(await page.inputValue("#device-name")).toBe("pad-7");
  });

  it("takes another encoder from a file or a service, keeps it over a reload, and refuses what is none", async () => {
    const page = await open();
    await page.click("#open-settings");
    await page.setInputFiles("#model-file", {
      name: "bad.isthb",
      mimeType: "application/octet-stream",
      buffer: Buffer.from("no bundle"),
    });
    await expect
      .poll(() => page.textContent("#model-state"), patience)
      .toMatch(/^Not used: bundle: it is no \.isthb file/);
    await page.setInputFiles("#model-file", {
      ...{ name: "mine.isthb", mimeType: "application/octet-stream" },
      buffer: Buffer.from(site.model.bundle),
    });
    await expect
      .poll(() => page.textContent("#model-now"), patience)
      .toBe(`${site.model.id}, from the file mine.isthb`);
    await page.click("#settings-cancel");
    await page.reload();
    await expect.poll(() => page.textContent("#model-line"), patience).toMatch(/from the file mine\.isthb/);
    service.files.set(`/v1/models/${site.model.id}/bundle`, site.model.bundle);
    await setService(page, { service: service.url });
    await page.click("#open-settings");
    await page.fill("#model-id", site.model.id);
    await page.press("#model-id", "Enter");
    await expect.poll(() => page.textContent("#model-now"), patience).toBe(`${site.model.id}, from the service`);
    await page.click("#model-shipped");
    await expect.poll(() => page.textContent("#model-now"), patience).toBe(`${site.model.id}, comes with this page`);
  });

  it("can be used by keyboard alone", async () => {
    const page = await open();
    const focus = () => page.evaluate("document.activeElement.id || document.activeElement.className");
    await page.keyboard.press("Tab");
    expect(await focus()).toBe("skip");
    await page.keyboard.press("Enter");
    await page.keyboard.press("Tab");
    expect(await focus()).toBe("tab-draw");
    await page.keyboard.press("ArrowLeft");
    expect(await focus()).toBe("tab-csv");
    expect(await page.isVisible("#panel-csv")).toBe(true);
    await page.keyboard.press("Home");
    expect(await page.isVisible("#panel-draw")).toBe(true);
    await page.keyboard.press("Tab");
    expect(await focus()).toBe("pad");
    await page.keyboard.press("Space");
    for (let i = 0; i < 6; i++) await page.keyboard.press("ArrowDown");
    await page.waitForSelector("#sizes-rows tr.ours");
    await expect
      .poll(() => page.textContent("#announcer"), patience)
      .toMatch(/^Encoded to \d+ bytes|^50 across, 71 down$/);
    expect((await greyOf(page, "seen")).filter((value) => value > 200).length).toBeGreaterThan(20);
    await page.focus("#send");
    await page.keyboard.press("Enter");
    await expect.poll(() => page.textContent("#queue-waiting"), patience).toMatch(/^1 /);
    await page.focus("#open-settings");
    await page.keyboard.press("Enter");
    expect(await focus()).toBe("service-url");
    await page.keyboard.press("Escape");
    expect(await focus()).toBe("open-settings");
    await page.focus("#pad");
    await page.keyboard.press("Delete");
    await page.waitForSelector("#code-empty:visible");
  });

  it("names everything that can be operated", async () => {
    const page = await open();
    await drawSeven(page);
    await page.click("#load-decoder");
    await page.waitForSelector("#sliders input");
    const unnamed: unknown[] = [];
    let named = 0;
    const cdp = await page.context().newCDPSession(page);
    const check = async () => {
      const { nodes } = (await cdp.send("Accessibility.getFullAXTree")) as { nodes: AXNode[] };
      for (const node of nodes.filter(isOperated)) {
        if (node.name?.value) named++;
        else unnamed.push(node.role?.value);
      }
    };
    for (const tab of ["#tab-picture", "#tab-camera", "#tab-csv", "#tab-draw"]) {
      await page.click(tab);
      await check();
    }
    await page.click("#open-settings");
    await check();
    expect(unnamed).toEqual([]);
    expect(named).toBeGreaterThan(100);
  });

  it.each(["light", "dark"] as const)(
    "can be read in %s, and fits a phone of 360 pixels without scrolling sideways",
    async (colorScheme) => {
      const page = await open({ viewport: { width: 360, height: 740 }, colorScheme });
      await drawSeven(page);
      await page.click("#load-decoder");
      await page.waitForSelector("#sliders input");
      for (const tab of ["picture", "camera", "csv", "draw"]) {
        await page.click(`#tab-${tab}`);
        expect(await page.evaluate("document.documentElement.scrollWidth")).toBe(360);
      }
      expect(await page.evaluate(contrasts)).toEqual([]);
      await page.click("#open-settings");
      const dialog = (await page.locator("#settings").boundingBox())!;
      expect(dialog.x).toBeGreaterThanOrEqual(0);
      expect(dialog.x + dialog.width).toBeLessThanOrEqual(360);
      expect(
        await page.evaluate(
          "document.getElementById('settings').scrollWidth <= document.getElementById('settings').clientWidth",
        ),
      ).toBe(true);
      expect(await page.evaluate(contrasts)).toEqual([]);
    },
  );

  it("moves nothing for who does not want motion", async () => {
    const page = await open({ reducedMotion: "reduce" });
    await drawSeven(page);
    const moving = `[...document.querySelectorAll("*")].filter((one) => parseFloat(getComputedStyle(one, "::before").transitionDuration) > 0 || parseFloat(getComputedStyle(one).transitionDuration) > 0).length`;
    expect(await page.evaluate(moving)).toBe(0);
  });

  it("can be installed", async () => {
    const page = await open();
    await page.evaluate("navigator.serviceWorker.ready");
    const cdp = await page.context().newCDPSession(page);
    const { errors, data } = (await cdp.send("Page.getAppManifest")) as { errors: unknown[]; data?: string };
    expect(errors).toEqual([]);
    const { icons } = JSON.parse(data!) as { icons: { src: string; sizes: string }[] };
    expect(icons.map(({ sizes }) => sizes)).toEqual(["192x192", "512x512", "512x512", "any"]);
    for (const { src } of icons) expect((await page.request.get(new URL(src, site.url).href)).ok()).toBe(true);
  });
});

interface AXNode {
  readonly ignored: boolean;
  readonly role?: { readonly value: string };
  readonly name?: { readonly value: string };
}

const OPERATED = new Set([
  "button",
  "link",
  "textbox",
  "checkbox",
  "slider",
  "tab",
  "application",
  "dialog",
  "tabpanel",
  "img",
  "DisclosureTriangle",
]);

function isOperated({ ignored, role }: AXNode): boolean {
  return !ignored && role !== undefined && OPERATED.has(role.value);
}

/** Texts whose contrast to what is behind them is below WCAG's 4.5, those of disabled buttons apart. Runs in the page. */
const contrasts = `(() => {
  const channels = (colour) => colour.match(/[\\d.]+/g).map(Number);
  const light = (colour) => {
    const [r, g, b] = channels(colour).map((value) => value / 255).map((s) => (s <= 0.03928 ? s / 12.92 : ((s + 0.055) / 1.055) ** 2.4));
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const behind = (one) => {
    for (let at = one; at; at = at.parentElement) {
      const { backgroundColor } = getComputedStyle(at);
      if (channels(backgroundColor)[3] !== 0) return backgroundColor;
    }
    return "rgb(255, 255, 255)";
  };
  const hasText = (one) => [...one.childNodes].some((node) => node.nodeType === 3 && node.data.trim() !== "");
  return [...document.querySelectorAll("body *")]
    .filter((one) => hasText(one) && one.checkVisibility() && !one.disabled && one.tagName !== "NOSCRIPT" && !one.closest(".visually-hidden, svg"))
    .map((one) => {
      const [a, b] = [light(getComputedStyle(one).color), light(behind(one))];
      return { text: one.textContent.trim().slice(0, 40), contrast: (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05) };
    })
    .filter(({ contrast }) => contrast < 4.5);
})()`;
