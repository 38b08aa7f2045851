/** What the full tests stand on: without a Chromium they fail, and this says so early. */
import { existsSync } from "node:fs";
import { expect, it } from "vitest";
import { chromium } from "../lib/probe.mjs";
import { launchChromium } from "./support/chromium.ts";

it.skipIf(!existsSync(chromium))(
  "Chromium, where it is installed, has WebGPU and WebGL without a graphics card",
  async () => {
    const browser = await launchChromium();
    try {
      const page = await browser.newPage();
      await page.route("**", (route) => route.fulfill({ contentType: "text/html", body: "<!doctype html>" }));
      await page.goto("http://localhost/");
      const found = await page.evaluate(`(async () => ({
      webgpu: (await navigator.gpu.requestAdapter()) !== null,
      webgl: new OffscreenCanvas(1, 1).getContext("webgl2") !== null,
    }))()`);
      expect(found).toEqual({ webgpu: true, webgl: true });
    } finally {
      await browser.close();
    }
  },
);
