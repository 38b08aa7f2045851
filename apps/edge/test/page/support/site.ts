import { syntheticDigits } from "@isthmus/data";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Browser, Page } from "playwright-core";
import type { PreviewServer } from "vite";
import { openPage, serve } from "../../../../../tools/test/support/chromium.ts";
import { buildPage } from "../../../page/build/build-page.ts";
import { type PageModel, trainModel } from "../../../page/build/train-model.ts";

/** The page, built with a model that was hardly trained, and a server of it for each way of serving. */
export interface Site {
  readonly model: PageModel;
  readonly folder: string;
  readonly url: string;
  readonly isolatedUrl: string;
  /** With the policy of the page itself, and `frame-ancestors`, as a header of every file, workers included. */
  readonly strictUrl: string;
  /** A page whose encoder is ready; what it complains of is added to `problems`. */
  open(browser: Pick<Browser, "newPage">, problems: string[], url?: string): Promise<Page>;
  close(): Promise<void>;
}

/** Machines that run tests are busy with others. */
const PATIENCE_MS = 90_000;

export async function buildSite(): Promise<Site> {
  const folder = mkdtempSync(join(tmpdir(), "isthmus-page-test-"));
  const model = await trainModel({ train: syntheticDigits({ items: 1024, seed: 1 }), epochs: 2 });
  await buildPage({ outDir: folder, model });
  const policy = /http-equiv="Content-Security-Policy"\s+content="([^"]+)"/.exec(
    readFileSync(join(folder, "index.html"), "utf8"),
  )![1]!;
  const strict = {
    "Content-Security-Policy": `${policy}; frame-ancestors 'none'`,
    "X-Content-Type-Options": "nosniff",
  };
  const servers: PreviewServer[] = [
    await serve(tmpdir(), { outDir: folder }),
    await serve(tmpdir(), { outDir: folder, isolated: true }),
    await serve(tmpdir(), { outDir: folder, headers: strict }),
  ];
  const [url, isolatedUrl, strictUrl] = servers.map(({ resolvedUrls }) => resolvedUrls!.local[0]!) as [
    string,
    string,
    string,
  ];
  return {
    ...{ model, folder, url, isolatedUrl, strictUrl },
    open: async (browser, problems, at = url) => {
      const page = await openPage(browser as Browser, at, problems);
      page.setDefaultTimeout(PATIENCE_MS);
      await ready(page);
      return page;
    },
    close: async () => {
      await Promise.all(servers.map((server) => server.close()));
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** The encoder is loaded. */
export async function ready(page: Page): Promise<void> {
  await page.waitForSelector("#model-line:not(:empty)");
}

/** The numbers of a grey canvas, row by row. */
export async function greyOf(page: Page, id: string): Promise<Uint8Array> {
  const values = await page.evaluate(`(() => {
    const canvas = document.getElementById(${JSON.stringify(id)});
    const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
    return Array.from({ length: data.length / 4 }, (_, i) => data[4 * i]);
  })()`);
  return Uint8Array.from(values as number[]);
}

/** A stroke with the mouse, in shares of the pad. */
export async function stroke(page: Page, points: readonly (readonly [x: number, y: number])[]): Promise<void> {
  await page.locator("#pad").scrollIntoViewIfNeeded();
  const { x, y, width, height } = (await page.locator("#pad").boundingBox())!;
  const at = ([u, v]: readonly [number, number]) => [x + u * width, y + v * height] as const;
  await page.mouse.move(...at(points[0]!));
  await page.mouse.down();
  for (const point of points.slice(1)) await page.mouse.move(...at(point), { steps: 4 });
  await page.mouse.up();
}

const SEVEN = [
  [0.3, 0.25],
  [0.7, 0.25],
  [0.45, 0.8],
] as const;

/** A drawing whose code and sizes are shown: what the page does of the last ink begins in the next frame of the browser. */
export async function drawSeven(page: Page): Promise<void> {
  await stroke(page, SEVEN);
  await page.evaluate("new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))");
  await page.waitForSelector('#code-card[aria-busy="false"] #sizes-rows tr.ours');
}

/** Fills the settings in and saves them. */
export async function setService(
  page: Page,
  { service = "", device = "", deviceToken = "", readerToken = "" },
): Promise<void> {
  await page.click("#open-settings");
  await page.fill("#service-url", service);
  if (device) await page.fill("#device-name", device);
  await page.fill("#device-token", deviceToken);
  await page.fill("#reader-token", readerToken);
  await page.click("#settings-save");
}
