import { type Browser, chromium as playwright, type Page } from "playwright-core";
import { preview, type PreviewServer } from "vite";
import { chromium } from "../../lib/probe.mjs";

/** Nothing leaves the machine, and SwiftShader stands in for a graphics card, for WebGL and WebGPU. */
const flags = [
  ...["--no-sandbox", "--disable-quic", "--no-first-run", "--disable-background-networking"],
  ...["--disable-component-update", "--disable-sync"],
  ...["--enable-unsafe-webgpu", "--use-webgpu-adapter=swiftshader"],
  ...["--use-gl=angle", "--use-angle=swiftshader", "--enable-unsafe-swiftshader"],
];

/** What makes a page cross-origin isolated, which shared memory asks for. */
const isolating = {
  "Cross-Origin-Opener-Policy": "same-origin",
  "Cross-Origin-Embedder-Policy": "require-corp",
};

/** @param more flags of Chromium's own, as for a camera that is none */
export function launchChromium(more: readonly string[] = []): Promise<Browser> {
  return playwright.launch({ executablePath: chromium, args: [...flags, ...more] });
}

/** Serves what Vite built in `root`, from its folder `outDir`. */
export function serve(
  root: string,
  { outDir = "dist", isolated = false, headers: more = {} } = {},
): Promise<PreviewServer> {
  const headers = { ...(isolated && isolating), ...more };
  return preview({
    ...{ root, logLevel: "error", configFile: false, build: { outDir } },
    preview: { host: "127.0.0.1", port: 0, headers },
  });
}

/** A page at `url`; what it complains of, uncaught or on its console, is added to `problems`. */
export async function openPage(browser: Browser, url: string, problems: string[]): Promise<Page> {
  const page = await browser.newPage();
  page.on("pageerror", (error) => problems.push(error.message));
  page.on("console", (message) => {
    if (["warning", "error"].includes(message.type())) problems.push(message.text());
  });
  await page.goto(url);
  return page;
}
