import { createHmac } from "node:crypto";
import { stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, it } from "vitest";
import { ownSecret, readSecret } from "../src/auth/secret.ts";
import { Tokens } from "../src/auth/tokens.ts";
import { temporaryFolder } from "./support/folder.ts";

const secret = new TextEncoder().encode("a secret of the tests");
const pump = { role: "device", name: "pump-7.b" } as const;

function fixture(least = 0) {
  const asked: string[] = [];
  const generation = async (holder: string) => {
    asked.push(holder);
    return least;
  };
  return { tokens: new Tokens(secret, { generation }), asked };
}

it("is what docs/protocol.md says", () => {
  const mac = createHmac("sha256", secret).update("isthmus device.pump-7.b.3").digest("base64url");
  expect(fixture().tokens.issue(pump, 3)).toBe(`device.pump-7.b.3.${mac}`);
});

it("knows its own tokens, and whose they are", async () => {
  const { tokens, asked } = fixture();
  for (const role of ["device", "reader", "operator"] as const) {
    expect(await tokens.holderOf(tokens.issue({ role, name: "a" }, 0))).toEqual({ role, name: "a" });
  }
  expect(await tokens.holderOf(tokens.issue(pump, 12))).toEqual(pump);
  expect(asked).toEqual(["device.a", "reader.a", "operator.a", "device.pump-7.b"]);
});

it("refuses every token with one character changed, and looks nothing up for it", async () => {
  const { tokens, asked } = fixture();
  const token = tokens.issue(pump, 1);
  for (let at = 0; at < token.length; at++) {
    const other = token[at] === "A" ? "B" : "A";
    expect(await tokens.holderOf(token.slice(0, at) + other + token.slice(at + 1)), `at ${at}`).toBeUndefined();
  }
  for (const wrong of [
    "",
    ".",
    "...",
    token.slice(0, -1),
    `${token}A`,
    token.toUpperCase(),
    `x${token}`,
    "device.a.0.",
  ]) {
    expect(await tokens.holderOf(wrong), wrong).toBeUndefined();
  }
  expect(asked).toEqual([]);
});

it("refuses generations below the least, and asks for that once in a while", async () => {
  const { tokens, asked } = fixture(2);
  expect(await tokens.holderOf(tokens.issue(pump, 1))).toBeUndefined();
  expect(await tokens.holderOf(tokens.issue(pump, 2))).toEqual(pump);
  expect(await tokens.holderOf(tokens.issue(pump, 3))).toEqual(pump);
  expect(asked).toEqual(["device.pump-7.b"]);
});

it("does not take another service's tokens", async () => {
  const other = new Tokens(new TextEncoder().encode("another secret"), { generation: async () => 0 });
  expect(await fixture().tokens.holderOf(other.issue(pump, 0))).toBeUndefined();
});

it("makes a secret that only its owner reads, once", async () => {
  const path = join(await temporaryFolder(), "data", "secret");
  const [one, other] = await Promise.all([ownSecret(path), ownSecret(path)]);
  expect(one.length).toBe(43);
  expect(await readSecret(path)).toEqual(one);
  expect((await stat(path)).mode & 0o777).toBe(0o600);
  expect(other).toEqual(one);
});

it("refuses a secret that is too short to be one", async () => {
  const path = join(await temporaryFolder(), "secret");
  await writeFile(path, " short \n");
  await expect(readSecret(path)).rejects.toThrow(/holds 5 bytes: a secret has 16 at least/);
});
