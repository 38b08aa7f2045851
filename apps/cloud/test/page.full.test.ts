// The page in Chromium under its own policy, asking a service that is made up.
import { mkdirSync } from "node:fs";
import type { FastifyInstance } from "fastify";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { has } from "../../../tools/lib/probe.mjs";
import { launchChromium, openPage } from "../../../tools/test/support/chromium.ts";
import {
  type Answers,
  hostile,
  MARKUP,
  nothingYet,
  overloaded,
  someDevices,
  unauthorised,
} from "./support/page-answers.ts";
import { pageServer } from "./support/page-server.ts";

type Browser = Awaited<ReturnType<typeof launchChromium>>;
type Page = Awaited<ReturnType<typeof openPage>>;

const TOKEN = "reader.ada.0.bWFj";
/** Screenshots are looked at by people; where the environment names a folder they are kept. */
const shots = process.env["ISTHMUS_SHOTS"];

describe.skipIf(!has().chromium)("the page in Chromium", () => {
  let app: FastifyInstance;
  let browser: Browser;
  let url: string;
  const open: Page[] = [];

  beforeAll(async () => {
    app = await pageServer();
    url = await app.listen({ port: 0, host: "127.0.0.1" });
    browser = await launchChromium();
    if (shots) mkdirSync(shots, { recursive: true });
  });
  afterAll(async () => {
    await browser?.close();
    await app?.close();
  });
  afterEach(async () => {
    await Promise.all(open.splice(0).map((page) => page.close()));
  });

  /** The page at a place, by a made-up service; `problems` is what it complains of, and `asked` what it asked for. */
  async function at(
    hash: string,
    answers: Answers,
    options: { token?: string | undefined; width?: number; dark?: boolean } = {},
  ) {
    const { width = 1100, dark = false } = options;
    const token = "token" in options ? options.token : TOKEN;
    const [problems, asked]: [string[], { url: URL; token: string | undefined; method: string }[]] = [[], []];
    const page = await openPage(browser, "about:blank", problems);
    open.push(page);
    await page.setViewportSize({ width, height: 800 });
    await page.emulateMedia({ colorScheme: dark ? "dark" : "light" });
    await page.route("**/v1/**", async (route: any) => {
      const to = new URL(route.request().url());
      asked.push({ url: to, token: route.request().headers()["authorization"], method: route.request().method() });
      const found = answers[to.pathname];
      const {
        status = 200,
        body,
        headers,
      } = (typeof found === "function" ? found(to.searchParams) : found) ?? {
        ...{ status: 404, body: { title: "Not found", detail: `${to.pathname} is not here` } },
      };
      await route.fulfill({
        status,
        body: JSON.stringify(body),
        headers: { "content-type": "application/json", ...headers },
      });
    });
    if (token) await page.addInitScript(`sessionStorage.setItem("isthmus.token", ${JSON.stringify(token)})`);
    await page.goto(`${url}/${hash}`);
    await page.waitForSelector("h1");
    return { page, problems, asked };
  }

  async function shot(page: Page, name: string): Promise<void> {
    if (shots) await page.screenshot({ path: `${shots}/${name}.png`, fullPage: true });
  }

  const headingOf = (page: Page): Promise<string> => page.locator("h1").innerText();

  it("asks for a token, keeps it for the tab, sends it as a header alone, and forgets it", async () => {
    const answers: Record<string, Answers[string]> = { ...unauthorised };
    const { page, problems, asked } = await at("", answers, { token: undefined });
    expect(await headingOf(page)).toBe("Sign in");
    await shot(page, "sign-in");
    Object.assign(answers, someDevices);
    await page.getByLabel("Token").fill(TOKEN);
    await page.keyboard.press("Enter");
    await page.waitForSelector("table");
    expect(asked.at(-1)?.token).toBe(`Bearer ${TOKEN}`);
    expect(await page.locator("#who").innerText()).toContain("ada (reader)");
    expect(await page.context().cookies()).toEqual([]);
    expect(page.url()).not.toContain(TOKEN);
    await page.getByRole("button", { name: "Sign out" }).click();
    await expect.poll(() => page.evaluate("sessionStorage.length")).toBe(0);
    // The browser itself writes a line for every answer above 399.
    expect(problems.filter((line) => !line.includes("status of 401"))).toEqual([]);
  });

  it("says in the service's words that a token is refused, and asks for another", async () => {
    const { page } = await at("", unauthorised);
    expect(await headingOf(page)).toBe("Sign in");
    expect(await page.getByRole("alert").innerText()).toBe("This token is not one of this service's.");
    expect(await page.getByLabel("Token").getAttribute("aria-errormessage")).toBe("token-refused");
  });

  it("shows devices with what they sent and what it saved, page by page", async () => {
    const { page, problems, asked } = await at("", someDevices);
    const rows = await page.locator("tbody tr").allInnerTexts();
    expect(rows).toHaveLength(4);
    expect(rows[1]).toMatch(
      /pump-7[\s\S]*4,018[\s\S]*96,432[\s\S]*401 kB[\s\S]*37 MB[\s\S]*98.9 %[\s\S]*fedcba9876543210/,
    );
    expect(rows[2]).toContain("17.2 % more");
    expect(await page.locator(".figures").innerText()).toMatch(/98.9 %\s+90.1 times smaller/);
    await shot(page, "devices");
    await page.getByRole("link", { name: "Next page" }).click();
    await page.getByRole("link", { name: "First page" }).waitFor();
    expect(asked.at(-1)?.url.search).toBe("?after=waits-for-its-model&limit=50");
    expect(problems).toEqual([]);
  });

  it("says what to do first where nothing was sent, and where no model is", async () => {
    const { page, problems } = await at("", nothingYet);
    expect(await page.locator("main").innerText()).toMatch(
      /No device has sent anything yet[\s\S]*isthmus-cloud token --role device/,
    );
    await shot(page, "no-devices");
    await page.getByRole("navigation").getByRole("link", { name: "Models" }).click();
    await page.getByText("No model is here yet.").waitFor();
    expect(problems).toEqual([]);
  });

  it("draws pictures from their numbers, to the pixel", async () => {
    const { page, problems } = await at("#/devices/camera-hall-2", someDevices);
    expect(await page.getByRole("img", { name: /^Picture/ }).count()).toBe(24);
    const seen = await page.evaluate(`(() => {
      const canvas = document.querySelector("canvas");
      const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
      return Array.from({ length: data.length / 4 }, (_, i) => data[4 * i]);
    })()`);
    const { body } = (someDevices["/v1/devices/camera-hall-2/items"] as (query: URLSearchParams) => any)(
      new URLSearchParams(),
    );
    expect(seen).toEqual(body.frames[0].items[0].values);
    await page.getByText("Code: 16 integers").first().click();
    expect(await page.getByRole("img", { name: "16 integers from" }).first().isVisible()).toBe(true);
    await shot(page, "pictures");
    await page.getByRole("link", { name: "Next page" }).click();
    await page.getByRole("link", { name: "First page" }).waitFor();
    expect(problems).toEqual([]);
  });

  it("draws each column of a series, counts its categories, and has the numbers", async () => {
    const { page, problems } = await at("#/devices/pump-7", someDevices);
    expect(await page.getByRole("img", { name: /^flow \(l\/min\): 768 values from/ }).count()).toBe(1);
    expect(await page.locator("figure", { hasText: "state" }).innerText()).toMatch(/ok: 739\s+low: 29/);
    await page.getByText("Numbers of 768 rows").click();
    const rows = page.getByRole("region", { name: "Numbers of 768 rows" }).locator("tbody tr");
    await expect.poll(() => rows.count(), { timeout: 60_000 }).toBe(500);
    await shot(page, "series");
    expect(problems).toEqual([]);
  });

  it("draws arrays as lines", async () => {
    const { page, problems } = await at("#/devices/spectrometer.lab_3", someDevices);
    expect(await page.getByRole("img", { name: /^Frame \d+: 64 values/ }).count()).toBe(24);
    await shot(page, "arrays");
    expect(problems).toEqual([]);
  });

  it("asks for the range that was chosen, in the device's time", async () => {
    const { page, asked } = await at("#/devices/pump-7", someDevices);
    const query = (): Record<string, string> => Object.fromEntries(asked.at(-1)!.url.searchParams);
    expect(Number(query()["from"])).toBeGreaterThan(1.78e15);
    await page.getByRole("link", { name: "Everything" }).click();
    await expect.poll(query).toEqual({ from: "0", limit: "24" });
    await page.getByLabel("From", { exact: true }).fill("2026-06-01T11:30:00");
    await page.getByLabel("To", { exact: true }).fill("2026-06-01T11:45:00");
    await page.getByRole("button", { name: "Show" }).click();
    await expect.poll(query).toMatchObject({ to: expect.any(String) });
    expect(Number(query()["to"]) - Number(query()["from"])).toBe(15 * 60 * 1e6);
  });

  it("says that a model is missing, and leads to where it is uploaded", async () => {
    const { page, problems } = await at("#/devices/waits-for-its-model", someDevices, { token: "operator.eve.0.bWFj" });
    expect(await page.locator(".notice").innerText()).toContain("Model aaaaaaaaaaaaaaaa is not here");
    await shot(page, "unknown-model");
    await page.getByRole("link", { name: "Upload this model" }).click();
    expect(await page.getByLabel("Id").inputValue()).toBe("aaaaaaaaaaaaaaaa");
    await shot(page, "models");
    expect(problems).toEqual([]);
  });

  it("says when the service is busy or away, and tries again when told to", async () => {
    const answers: Record<string, Answers[string]> = { ...overloaded };
    const { page } = await at("", answers);
    expect(await page.getByRole("alert").innerText()).toContain("left alone for 7 s");
    await shot(page, "overloaded");
    await page.unroute("**/v1/**");
    await page.route("**/v1/**", (route: any) => route.abort());
    await page.getByRole("button", { name: "Try again" }).click();
    await page.getByRole("heading", { name: "The service does not answer" }).waitFor();
  });

  it("takes no text for markup, whichever text it is", async () => {
    const name = encodeURIComponent(MARKUP);
    for (const hash of [
      "",
      "#/models",
      `#/devices/${name}`,
      "#/devices/refused",
      `#/models?upload=${name}`,
      `#/${name}`,
    ]) {
      const { page, problems } = await at(hash, hostile, { token: `operator.${MARKUP}.0.x` });
      for (const details of await page.locator("summary").all()) await details.click();
      expect(
        await page.evaluate(`({
        broken: document.body.dataset.broken,
        images: [...document.images].map(({ src }) => new URL(src).pathname),
        scripts: [...document.scripts].map(({ src }) => new URL(src).pathname),
        handlers: [...document.querySelectorAll("*")].filter((one) => one.getAttributeNames().some((name) => name.startsWith("on"))).length,
      })`),
      ).toEqual({ images: ["/page/icon.svg"], scripts: ["/page/main.js"], handlers: 0 });
      expect(problems.filter((line) => !/status of 40[34]/.test(line))).toEqual([]);
    }
  });

  it("shows a file's hostile name and the service's hostile refusal of it as they are", async () => {
    const { page } = await at("#/models", hostile, { token: "operator.eve.0.x" });
    await page.getByLabel("File").setInputFiles({
      name: `${MARKUP.replaceAll("/", "")}.safetensors`,
      mimeType: "",
      buffer: Buffer.from("no model"),
    });
    await page.getByLabel("Id").fill("0123456789abcdef");
    await page.getByRole("button", { name: "Upload" }).click();
    await page.getByText("was refused:").waitFor();
    expect(await page.locator(".said").innerText()).toContain("<script>document.body.dataset.broken=1</script>");
    expect(await page.evaluate("document.body.dataset.broken")).toBeUndefined();
  });

  it("is held to its policy by the browser: no markup from text, no script inside, nothing from elsewhere", async () => {
    const { page } = await at("", someDevices);
    const tried = (script: string): Promise<unknown> =>
      page.evaluate(`(async () => { ${script} })().then(() => "done", (error) => error.name)`);
    expect(await tried(`document.body.innerHTML = "<p>x</p>"`)).toBe("TypeError");
    expect(await tried(`await import("data:text/javascript,1")`)).toBe("TypeError");
    expect(await tried(`await fetch("http://127.0.0.1:1/")`)).toBe("TypeError");
    expect(await tried(`document.body.setAttribute("onclick", "1")`)).toBe("TypeError");
    const framed = await openPage(browser, "about:blank", []);
    open.push(framed);
    await framed.setContent(`<iframe src="${url}/"></iframe>`);
    await expect.poll(() => framed.frames().at(-1)?.url()).toMatch(/chrome-error/);
  });

  it("can be used by keyboard alone: skip link, links, folds and forms in their order, the heading's page in focus", async () => {
    const { page } = await at("", someDevices);
    const focused = (): Promise<unknown> =>
      page.evaluate("document.activeElement.textContent.trim() || document.activeElement.id");
    const order: unknown[] = [];
    for (let i = 0; i < 7; i++) {
      await page.keyboard.press("Tab");
      order.push(await focused());
    }
    expect(order).toEqual([
      "Skip to the content",
      "Isthmus",
      "Devices",
      "Models",
      "Sign out",
      "camera-hall-2",
      "pump-7",
    ]);
    await page.keyboard.press("Enter");
    await page.getByRole("heading", { name: "pump-7" }).waitFor();
    expect(await page.evaluate("document.activeElement.id")).toBe("main");
    expect(await page.title()).toBe("pump-7 – Isthmus");
    expect(await page.locator("#status").textContent()).toBe("pump-7");
  });

  it("names everything that can be used or looked at", async () => {
    for (const hash of ["", "#/devices/pump-7", "#/devices/camera-hall-2", "#/models"]) {
      const { page } = await at(hash, someDevices, { token: "operator.eve.0.x" });
      const nameless =
        await page.evaluate(`[...document.querySelectorAll("a, button, input, summary, svg[role], canvas, nav, table, [role=region]")]
        .filter((one) => !(one.textContent.trim() || one.ariaLabel || one.labels?.length || one.alt)).map((one) => one.outerHTML)`);
      expect([hash, nameless]).toEqual([hash, []]);
      expect(await page.evaluate(`[...document.querySelectorAll("h1")].length`)).toBe(1);
    }
  });

  it.each(["", "#/devices/pump-7", "#/devices/camera-hall-2", "#/models"])(
    "fits a phone's width, light and dark: %s",
    async (hash) => {
      for (const dark of [false, true]) {
        const { page } = await at(hash, someDevices, { token: "operator.eve.0.x", width: 360, dark });
        expect(await page.evaluate("document.documentElement.scrollWidth")).toBe(360);
        await shot(page, `phone-${hash.split("/").at(-1) || "devices"}-${dark ? "dark" : "light"}`);
      }
    },
  );

  it.each([false, true])(
    "has contrast of 4.5 and more between its words and what is behind them, dark: %s",
    async (dark) => {
      const { page } = await at("#/devices/waits-for-its-model", someDevices, { dark });
      const worst = await page.evaluate(CONTRAST);
      expect(worst).toBeGreaterThanOrEqual(4.5);
      const { page: list } = await at("", someDevices, { dark });
      expect(await list.evaluate(CONTRAST)).toBeGreaterThanOrEqual(4.5);
      if (dark) await shot(list, "devices-dark");
    },
  );
});

/** The least contrast (WCAG 2) of any text with the colour that is behind it. */
const CONTRAST = `(() => {
  const parts = (colour) => colour.match(/[\\d.]+/g).map(Number);
  const light = ([r, g, b]) => [r, g, b].map((v) => v / 255).map((v) => v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4)
    .reduce((sum, v, i) => sum + v * [0.2126, 0.7152, 0.0722][i], 0);
  const behind = (element) => {
    for (let one = element; one; one = one.parentElement) {
      const [r, g, b, a = 1] = parts(getComputedStyle(one).backgroundColor);
      if (a === 1) return [r, g, b];
    }
    return [255, 255, 255];
  };
  const texts = [...document.querySelectorAll("body *")].filter((one) => [...one.childNodes].some((node) => node.nodeType === 3 && node.data.trim()));
  return Math.min(...texts.map((one) => {
    const [a, b] = [light(parts(getComputedStyle(one).color)), light(behind(one))];
    return (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
  }));
})()`;
