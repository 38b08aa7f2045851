// The page in Chromium, asking the service itself.
import { mkdirSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { has } from "../../../tools/lib/probe.mjs";
import { launchChromium, openPage } from "../../../tools/test/support/chromium.ts";
import {
  digits,
  digitsModel,
  digitStream,
  drawing,
  losslessModel,
  losslessStream,
  parcel,
  pictureModel,
  pictureStream,
  pumpModel,
  pumpStream,
  type TestModel,
} from "./support/models.ts";
import { type Running, running } from "./support/server.ts";

type Browser = Awaited<ReturnType<typeof launchChromium>>;
type Page = Awaited<ReturnType<typeof openPage>>;

/** Screenshots are looked at by people; where the environment names a folder they are kept. */
const shots = process.env["ISTHMUS_SHOTS"];
const HOUR = 3_600_000_000;
const NOON = Date.UTC(2026, 5, 1, 12) * 1000;

describe.skipIf(!has().chromium)("the page of a running service", () => {
  let service: Running;
  let browser: Browser;
  let late: TestModel;

  beforeAll(async () => {
    const [ofDigits, ofPump, ofTiles] = [await digitsModel(), await pumpModel(), await pictureModel()];
    const lossless = await losslessModel();
    late = await digitsModel(7);
    service = await running({
      files: {
        "digits.safetensors": ofDigits.file,
        "pump.safetensors": ofPump.file,
        "tiles.safetensors": ofTiles.file,
        "lossless.safetensors": lossless.file,
      },
    });
    const send = async (device: string, streams: readonly Uint8Array[]): Promise<void> => {
      const body = streams.map((stream, i) => parcel(device, i, stream, NOON - HOUR + 60e6 * i));
      const response = await service.send(Buffer.concat(body), { name: device });
      if (response.status !== 200) throw new Error(await response.text());
    };
    await send("digits", await Promise.all([digitStream(ofDigits, 0, 2)]));
    await send("pump-7", [await pumpStream(ofPump, 40), await pumpStream(ofPump, 7)]);
    await send("tiles", [await pictureStream(ofTiles, drawing(40, 130), false)]);
    await send("lossless", [await losslessStream(lossless, Uint8Array.from(digits.values.subarray(0, 5 * 784)))]);
    browser = await launchChromium();
    if (shots) mkdirSync(shots, { recursive: true });
  });
  afterAll(async () => {
    await browser?.close();
    await service?.close();
  });

  async function opened(hash: string, role: "reader" | "operator"): Promise<{ page: Page; problems: string[] }> {
    const problems: string[] = [];
    const page = await openPage(browser, `${service.url}/`, problems);
    await page.getByLabel("Token").fill(service.token(role, "ada"));
    await page.getByRole("button", { name: "Sign in" }).click();
    await page.getByRole("heading", { name: "Devices" }).waitFor();
    if (hash !== "") await page.goto(`${service.url}/${hash}`);
    return { page, problems: problems.filter((line) => !line.includes("status of 401")) };
  }

  async function shot(page: Page, name: string): Promise<void> {
    if (shots) await page.screenshot({ path: `${shots}/${name}.png`, fullPage: true });
  }

  it("shows every kind of what devices sent as what it is", async () => {
    const { page, problems } = await opened("", "reader");
    expect(await page.locator("tbody th").allInnerTexts()).toEqual(["digits", "lossless", "pump-7", "tiles"]);
    await shot(page, "service-devices");

    await page.getByRole("link", { name: "lossless" }).click();
    await page.getByRole("img", { name: "Picture 5 of frame 0" }).waitFor();
    const seen = await page.evaluate(`(() => {
      const canvas = document.querySelectorAll("canvas")[1];
      const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
      return Array.from({ length: data.length / 4 }, (_, i) => data[4 * i]);
    })()`);
    expect(seen).toEqual([...digits.values.subarray(784, 2 * 784)]);
    await shot(page, "service-lossless");

    await page.goto(`${service.url}/#/devices/pump-7`);
    await page.getByRole("img", { name: /^flow: 47 values from/ }).waitFor();
    expect(await page.locator("figure", { hasText: "state" }).innerText()).toMatch(/idle|on/);
    await shot(page, "service-pump");

    await page.goto(`${service.url}/#/devices/tiles`);
    const picture = page.getByRole("img", { name: "Picture frame 0" });
    await picture.waitFor();
    expect(await picture.evaluate((canvas: any) => [canvas.width, canvas.height])).toEqual([130, 40]);
    await shot(page, "service-tiles");

    await page.goto(`${service.url}/#/devices/nobody`);
    await page.getByRole("heading", { name: "Not here" }).waitFor();
    expect(problems).toEqual([]);
  });

  it("takes a model that frames wait for from an operator, and no other file", async () => {
    const waiting = parcel("late", 1, await digitStream(late, 0, 1));
    expect((await service.send(waiting, { name: "late" })).status).toBe(409);
    const { page } = await opened("#/models", "operator");
    await page
      .getByLabel("File")
      .setInputFiles({ name: "other.safetensors", mimeType: "", buffer: Buffer.from("no model") });
    await page.getByText("does not say its id").waitFor();
    await page.getByLabel("Id").fill(late.id);
    await page.getByRole("button", { name: "Upload" }).click();
    await page.getByText("other.safetensors was refused:").waitFor();
    await page
      .getByLabel("File")
      .setInputFiles({ name: "late.safetensors", mimeType: "", buffer: Buffer.from(late.file) });
    await page.getByLabel("Id").fill("");
    await page
      .getByLabel("File")
      .setInputFiles({ name: "late.safetensors", mimeType: "", buffer: Buffer.from(late.file) });
    await expect.poll(() => page.getByLabel("Id").inputValue()).toBe(late.id);
    await page.getByRole("button", { name: "Upload" }).click();
    await page.getByRole("rowheader", { name: late.id }).waitFor();
    await shot(page, "service-models");
    expect((await service.send(waiting, { name: "late" })).status).toBe(200);
  });

  it("does not let a reader upload", async () => {
    const { page } = await opened("#/models", "reader");
    await page.getByText("Operators can upload models here.").waitFor();
    expect(await page.getByRole("button", { name: "Upload" }).count()).toBe(0);
  });
});
