import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it, onTestFinished } from "vitest";
import { isthmusCloud, serve } from "./support/cli.ts";
import { temporaryFolder } from "./support/folder.ts";
import { digitsModel, digitStream, parcel } from "./support/models.ts";

/** A command that the user must mend: exit code 2, nothing but one line. */
async function complaint(...args: readonly string[]): Promise<string> {
  const { code, stdout, stderr } = await isthmusCloud(...args);
  expect({ code, stdout }, stderr).toEqual({ code: 2, stdout: "" });
  expect(stderr).toMatch(/^isthmus-cloud: [^\n]+\n$/);
  return stderr;
}

describe("isthmus-cloud", () => {
  it("says how it is used, with examples", async () => {
    for (const args of [[], ["--help"], ["serve", "--help"], ["token", "--help"], ["revoke", "--help"]]) {
      const { code, stdout } = await isthmusCloud(...args);
      expect(code).toBe(0);
      expect(stdout).toMatch(/Examples?:\n {2}isthmus-cloud \w+ /);
    }
  });

  it("tells in one line what is wrong", async () => {
    const data = await temporaryFolder();
    const serving = ["serve", "--data", data, "--port", "0"];
    expect(await complaint("bogus")).toContain("--help");
    expect(await complaint("serve", "--prot", "1")).toContain("isthmus-cloud serve --help");
    expect(await complaint("serve", "--port", "66000")).toContain("0 to 65535");
    expect(await complaint(...serving, "--open", "--host", "0.0.0.0")).toContain("loopback");
    expect(await complaint(...serving, "--log-level", "loud")).toContain("silent, error");
    expect(await complaint(...serving, "--models", join(data, "none"))).toContain("cannot read the folder");
    expect(await complaint(...serving, "--host", "192.0.2.1")).toContain("cannot listen");
    expect(await complaint(...serving, "--database-url", "mysql://x")).toContain("postgres");
    expect(await complaint("token", "--data", data, "--role", "king", "--name", "a")).toContain(
      "device, reader, operator",
    );
    expect(await complaint("token", "--data", data, "--role", "device", "--name", "a b")).toContain("--name expected");
    const short = join(data, "short");
    await writeFile(short, "x");
    expect(await complaint(...serving, "--secret-file", short)).toContain("16");
  });

  it("names a model that cannot be served", async () => {
    const data = await temporaryFolder();
    await writeFile(join(data, "bad.safetensors"), "nothing");
    const ended = serve("--data", data, "--models", data);
    await expect(ended).rejects.toThrow(
      /it ended with 2: isthmus-cloud: [^\n]*bad\.safetensors[^\n]*\[SAFETENSORS_INVALID\]\n$/,
    );
  });
});

/** A folder with a model, a token for it, and a frame. */
async function fixture() {
  const folder = await temporaryFolder();
  const model = await digitsModel();
  await writeFile(join(folder, "m.safetensors"), model.file);
  const at = ["--data", join(folder, "data")];
  const token = async (role: string, name: string) => {
    const { stdout } = await isthmusCloud("token", ...at, "--role", role, "--name", name);
    return stdout.trim();
  };
  const stream = await digitStream(model, 0, 1);
  const start = async () => {
    const served = await serve(...at, "--models", folder, "--log-level", "silent");
    onTestFinished(() => void served.process.kill("SIGKILL"));
    return served;
  };
  const send = async (url: string, sequence: number, authorization: string) =>
    await fetch(`${url}/v1/frames`, {
      method: "POST",
      headers: { authorization: `Bearer ${authorization}`, "content-type": "application/vnd.isthmus.parcels" },
      body: parcel("pump-7", sequence, stream) as Uint8Array<ArrayBuffer>,
    });
  return { at, token, start, send };
}

describe("isthmus-cloud serve", () => {
  it("has every frame that it acknowledged after kill -9, and ends well when told to", async () => {
    const { at, token, start, send } = await fixture();
    const pump = await token("device", "pump-7");
    expect(pump).toMatch(/^device\.pump-7\.0\./);
    const first = await start();
    const acknowledged: number[] = [];
    // The kill comes while others are under way.
    const sent = Array.from({ length: 40 }, async (_, sequence) => {
      const response = await send(first.url, sequence, pump).catch(() => undefined);
      if (response?.status !== 200) return;
      acknowledged.push(sequence);
      if (acknowledged.length === 20) first.process.kill("SIGKILL");
    });
    await Promise.all(sent);
    expect(await first.ended).toBe("SIGKILL");
    expect(acknowledged.length).toBeGreaterThanOrEqual(20);
    const second = await start();
    const reader = await token("reader", "ann");
    const { frames } = (await (
      await fetch(`${second.url}/v1/devices/pump-7/items?limit=500`, { headers: { authorization: `Bearer ${reader}` } })
    ).json()) as any;
    const stored = frames.map(({ sequence }: any) => sequence);
    expect(stored).toEqual(expect.arrayContaining(acknowledged));
    expect(new Set(stored).size).toBe(stored.length);
    expect(frames.every(({ items }: any) => items.length === 1)).toBe(true);

    const revoked = await isthmusCloud("revoke", ...at, "--role", "device", "--name", "pump-7");
    expect(revoked.code).toBe(0);
    expect(await token("device", "pump-7")).toMatch(/^device\.pump-7\.1\./);
    expect((await send(second.url, 99, await token("device", "pump-7"))).status).toBe(200);
    second.process.kill("SIGTERM");
    expect(await second.ended).toBe(0);
  });
});
