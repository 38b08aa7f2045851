import { readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import type { FastifyInstance } from "fastify";
import { afterAll, beforeAll, expect, it } from "vitest";
import { pageServer } from "./support/page-server.ts";

const folder = fileURLToPath(new URL("../page/", import.meta.url));
const sources = readdirSync(folder).filter((name) => /\.(js|css|html|svg)$/.test(name));
const textOf = (name: string): string => readFileSync(`${folder}${name}`, "utf8");

let app: FastifyInstance;
beforeAll(async () => {
  app = await pageServer();
});
afterAll(() => app.close());

it("serves the page at / and each of its files under a name of its own, as they lie in the folder", async () => {
  for (const name of sources) {
    const url = name === "index.html" ? "/" : `/page/${name}`;
    const { statusCode, body, headers } = await app.inject({ url });
    expect([url, statusCode, body]).toEqual([url, 200, textOf(name)]);
    expect(headers["x-content-type-options"]).toBe("nosniff");
    const again = await app.inject({ url, headers: { "if-none-match": headers.etag as string } });
    expect([again.statusCode, again.body]).toEqual([304, ""]);
  }
  expect(sources).toContain("main.js");
});

it("reaches every file of the page from its HTML, and asks for none that is not there", () => {
  const named = new Set(["index.html"]);
  for (const name of named) {
    for (const [, found] of textOf(name).matchAll(/(?:"\/page\/|from "\.\/)([^"]+)"/g)) named.add(found!);
  }
  expect([...named].sort()).toEqual([...sources].sort());
});

it("gives nothing but its files, however a path is written", async () => {
  const tricks = [
    ...["/page/..%2fpackage.json", "/page/%2e%2e/package.json", "/page/..%5cpackage.json"],
    ...["/page//main.js", "/page/main.js%00", "/page/main.js%00.svg", "/page/%00", "/page/MAIN.JS"],
    ...["/page/", "/page", "/page/tsconfig.json", "/page/constructor", "/page/__proto__", "/page/main.js/"],
    ...["/..%2f..%2fetc/passwd", "/page/%c0%ae%c0%ae/package.json", "/page/..;/package.json", "/page/main%252ejs"],
  ];
  for (const url of tricks) {
    const { statusCode, body } = await app.inject({ url });
    expect([url, statusCode]).toEqual([url, expect.toSatisfy((status: number) => status === 404 || status === 400)]);
    expect(body).not.toContain("isthmus/cloud");
  }
});

it("allows the page its own files and its own service, and any other answer nothing at all", async () => {
  const { headers } = await app.inject({ url: "/" });
  const policy = String(headers["content-security-policy"]).split("; ");
  expect(policy).toContain("default-src 'none'");
  expect(policy).toContain("frame-ancestors 'none'");
  expect(policy).toContain("require-trusted-types-for 'script'");
  expect(policy.join(" ")).not.toMatch(/unsafe|\*|https?:|data:|blob:/);
  const missing = await app.inject({ url: "/nothing" });
  expect(missing.headers).toMatchObject({
    "content-security-policy": "default-src 'none'; frame-ancestors 'none'",
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "referrer-policy": "no-referrer",
    "cross-origin-resource-policy": "same-origin",
    "cross-origin-opener-policy": "same-origin",
    "permissions-policy": expect.stringMatching(/camera=\(\), microphone=\(\), geolocation=\(\)/),
    "cache-control": "no-store",
  });
});

it("has no script, style or handler inside its HTML, and no way from text to markup in its code", () => {
  const page = textOf("index.html");
  expect(page).not.toMatch(/<style|\son\w+=|\sstyle=|javascript:/i);
  expect([...page.matchAll(/<script([^>]*)>([^<]*)/g)].map(([, attributes, text]) => [attributes, text])).toEqual([
    [` type="module" src="/page/main.js"`, ""],
  ]);
  const ways =
    /innerHTML|outerHTML|insertAdjacentHTML|document\.write|DOMParser|createContextualFragment|\beval\b|new Function|setHTML|srcdoc|\.style\b|document\.cookie/;
  for (const name of sources.filter((one) => one.endsWith(".js")))
    expect([name, ways.exec(textOf(name))]).toEqual([name, null]);
});
