import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Readable } from "node:stream";
import { stringify } from "smol-toml";
import { describe, expect, test } from "vitest";
import { parseConfig } from "../src/config/read-config.ts";
import { cli, startAgent, type Tables, writeConfig } from "./support/agents.ts";
import { copier, modelId } from "./support/bundles.ts";
import { newFolder } from "./support/folder.ts";
import { Service } from "./support/service.ts";

/** Runs a command that the user must mend: exit code 2 and one line. */
async function complaint(...args: readonly string[]): Promise<string> {
  const { code, stdout, stderr } = await cli(...args);
  expect({ code, stdout }, stderr).toEqual({ code: 2, stdout: "" });
  expect(stderr).toMatch(/^isthmus-edge: [^\n]+\n$/);
  return stderr.slice("isthmus-edge: ".length, -1);
}

const model = { id: modelId(1) };
const source = { kind: "demo" };
const send = { url: "http://127.0.0.1:9" };

describe("help", () => {
  test.each([["--help"], ["run", "--help"], ["check", "--help"], ["status", "--help"], ["init", "--help"]])(
    "%s %s has an example",
    async (...args) => {
      const { code, stdout } = await cli(...args);
      expect(code).toBe(0);
      expect(stdout).toMatch(/Examples?:\n {2}(tail .*)?isthmus-edge /);
    },
  );

  test("of nothing is the help; another word, and an option that is none, are told in a line", async () => {
    expect((await cli()).stdout).toContain("Usage: isthmus-edge");
    expect((await cli("--version")).stdout).toMatch(/^\d+\.\d+\.\d+\n$/);
    expect(await complaint("walk")).toContain("isthmus-edge --help shows how");
    expect(await complaint("run", "--fast")).toContain("unknown option '--fast' (isthmus-edge run --help shows how)");
  });
});

describe("init", () => {
  test("writes a configuration that check finds right once there is a model, and touches none that is there", async () => {
    const folder = newFolder();
    const path = join(folder, "edge.toml");
    expect((await cli("init", "-o", path, "--device", "pump-7")).code).toBe(0);
    expect(await complaint("check", "--config", path)).toContain("encoder.isthb");
    writeFileSync(join(folder, "encoder.isthb"), copier({ samples: 4 }));
    const { code, stdout } = await cli("check", "--config", path);
    expect(code).toBe(0);
    expect(stdout).toContain("pump-7, demo to http://127.0.0.1:8640/v1/frames");
    expect(stdout).toContain(`model ${modelId(1)}: 4 samples to 4 symbols`);
    expect(await complaint("init", "-o", path)).toContain("is there already");
    expect(await complaint("init", "-o", join(folder, "x.toml"), "--device", ".hidden")).toContain("--device expected");
  });

  test("every key that it explains is one", async () => {
    const folder = newFolder();
    await cli("init", "-o", join(folder, "edge.toml"), "--device", "pump-7");
    let table = "";
    const keys = readFileSync(join(folder, "edge.toml"), "utf8")
      .split("\n")
      .flatMap((line) => {
        table = /^\[(\w+)\]$/.exec(line)?.[1] ?? table;
        const key = /^(?:# )?([a-z]\w*) = ./.exec(line)?.[1];
        return key === undefined || table === "" ? [] : [{ table, key }];
      });
    expect(keys.length).toBeGreaterThan(40);
    const right: Record<string, object> = { model: { id: modelId(1) }, source: {}, frame: {}, queue: {}, send };
    for (const one of keys) {
      const told = ["demo", "stdin", "file", "folder"].map((kind) => {
        const base = { ...right, source: { kind, path: "x", width: 1, height: 1 } } as Record<string, object>;
        if (kind === "demo" || kind === "stdin") base["source"] = { kind };
        if (kind === "file") base["source"] = { kind, path: "x" };
        const tables = { device: "a", state: "s", ...base, [one.table]: { ...base[one.table], [one.key]: [[1]] } };
        return errorOf(() => parseConfig("edge.toml", stringify(tables)));
      });
      expect(
        told.some((text) => new RegExp(`\\[${one.table}\\] ${one.key}: expected`).test(text)),
        `${one.key}: ${told.join("; ")}`,
      ).toBe(true);
    }
  });
});

function errorOf(call: () => unknown): string {
  try {
    call();
    return "";
  } catch (error) {
    return (error as Error).message;
  }
}

describe("a configuration that is wrong is told in one line with file, line and key", () => {
  const wrong: readonly (readonly [string, string, string])[] = [
    ["no TOML", `device = "a\n`, "edge.toml:1: "],
    ["no device", `state = "s"\n`, `edge.toml: "device" is missing`],
    ["a device that is none", `device = ".a"\n`, "edge.toml:1: device: expected 1 to 64 of"],
    [
      "another type",
      `device = "a"\nstate = 7\n`,
      "edge.toml:2: state: expected a text in quotation marks, not empty, got 7",
    ],
    [
      "a table that is a number",
      `device = "a"\nstate = "s"\nsend = 3\n`,
      "edge.toml:3: send: expected a table, [send]",
    ],
    [
      "no address",
      `device = "a"\nstate = "s"\n[send]\nurl = "ftp://x"\n`,
      "edge.toml:4: [send] url: expected http://, https://, mqtt://",
    ],
    [
      "a key that is none",
      `device = "a"\nstate = "s"\n[send]\nurl = "http://x"\n\nspeed = 3\n`,
      "edge.toml:6: [send] speed: no such key; there are batch_bytes, ca,",
    ],
  ];

  test.each(wrong)("%s", async (_, text, expected) => {
    const path = join(newFolder(), "edge.toml");
    writeFileSync(path, text);
    expect(await complaint("check", "--config", path)).toContain(expected);
  });

  const right = { device: "a", state: "s", model, source, send };
  const tables: readonly (readonly [string, Tables, string])[] = [
    [
      "a key beside the tables",
      { ...right, extra: 1 },
      "extra: no such key; there are device, frame, model, queue, send, source, state",
    ],
    ["no source", { ...right, source: {} }, `[source]: "kind" is missing`],
    [
      "another source",
      { ...right, source: { kind: "tape" } },
      `[source] kind: expected one of "stdin", "file", "folder", "demo", got "tape"`,
    ],
    ["a file without a path", { ...right, source: { kind: "file" } }, `[source]: "path" is missing`],
    ["a key of another source", { ...right, source: { kind: "demo", path: "x" } }, "[source] path: no such key"],
    ["pictures without a size", { ...right, source: { kind: "folder", path: "x" } }, `[source]: "width" and "height"`],
    [
      "a delimiter of two",
      { ...right, source: { kind: "stdin", delimiter: ";;" } },
      "[source] delimiter: expected one character",
    ],
    ["no columns", { ...right, source: { kind: "stdin", columns: [1] } }, `[source] columns: expected texts`],
    ["neither id nor bundle", { ...right, model: {} }, `[model]: expected either "id"`],
    ["both of them", { ...right, model: { id: modelId(1), bundle: "x" } }, `[model]: expected either "id"`],
    ["an id that is a path", { ...right, model: { id: "../../etc/passwd" } }, "[model] id: expected 16 hex digits"],
    [
      "a model over MQTT",
      { ...right, send: { url: "mqtt://x" } },
      `[model]: "url" is missing: models are fetched by HTTP`,
    ],
    [
      "two tokens",
      { ...right, send: { ...send, token: "x", token_file: "y" } },
      "[send] token_file: expected one of token and token_file",
    ],
    ["a name in the address", { ...right, send: { url: "http://me:secret@x" } }, "[send] url: expected no name in it"],
    [
      "a broker's name for HTTP",
      { ...right, send: { ...send, username: "x" } },
      "[send] username: is for mqtt:// and mqtts:// only",
    ],
    [
      "certificates without encryption",
      { ...right, send: { ...send, ca: "x" } },
      "[send] ca: is for https:// and mqtts:// only",
    ],
    ["too small a queue", { ...right, queue: { bytes: 10 } }, "[queue] bytes: expected a whole number from 65536 to"],
    [
      "half an item",
      { ...right, frame: { items: 0.5 } },
      "[frame] items: expected a whole number from 1 to 65536, got 0.5",
    ],
    ["a socket's path that is too long", { ...right, state: "x".repeat(100) }, "state: expected a shorter path"],
  ];

  test.each(tables)("%s", async (_, config, expected) => {
    const path = writeConfig(newFolder(), config);
    const line = await complaint("check", "--config", path);
    expect(line).toContain(expected);
    expect(line).toMatch(/edge\.toml:\d+: /);
  });

  test("files and secrets that are not there", async () => {
    const folder = newFolder();
    expect(await complaint("run", "--config", join(folder, "no.toml"))).toContain(
      "no such file; isthmus-edge init writes one",
    );
    const check = (more: object) =>
      complaint("check", "--config", writeConfig(folder, { ...right, send: { url: "https://x", ...more } }));
    expect(await check({ token_file: "token" })).toContain(`cannot read ${join(folder, "token")}`);
    expect(await check({ token_env: "ISTHMUS_NO_SUCH" })).toContain("the environment has no ISTHMUS_NO_SUCH");
    expect(await check({ ca: "ca.pem" })).toContain(`cannot read ca ${join(folder, "ca.pem")}`);
    writeFileSync(join(folder, "m.isthb"), "no bundle");
    expect(
      await complaint("check", "--config", writeConfig(folder, { ...right, model: { bundle: "m.isthb" } })),
    ).toContain("[BUNDLE_");
    const pictures = {
      ...right,
      model: { bundle: "m.isthb" },
      source: { kind: "folder", path: "x", width: 3, height: 3 },
    };
    writeFileSync(join(folder, "m.isthb"), copier({ samples: 4 }));
    expect(await complaint("check", "--config", writeConfig(folder, pictures))).toContain(
      "pictures of 3 x 3 x 1 are no items of the model",
    );
    const other = { ...right, model: { bundle: "m.isthb", sha256: "0".repeat(64) } };
    expect(await complaint("check", "--config", writeConfig(folder, other))).toContain("its SHA-256 is");
  });

  test("a token that would travel in the open is told", async () => {
    const told = async (url: string) =>
      (await cli("check", "--config", writeConfig(newFolder(), { ...right, send: { url, token: "t" } }))).stdout;
    expect(await told("http://example.org")).toContain("is not encrypted");
    expect(await told("https://example.org")).not.toContain("is not encrypted");
    expect(await told("http://127.0.0.1:1")).not.toContain("is not encrypted");
  });
});

describe("status", () => {
  test("of an agent that runs, and of a queue that nobody has open", async () => {
    const [folder, service] = [newFolder(), await Service.start()];
    service.fault = () => ({ status: 401, body: { type: "urn:isthmus:problem:unauthorised", detail: "who are you" } });
    writeFileSync(join(folder, "m.isthb"), copier({ samples: 1 }));
    const tables = {
      model: { bundle: "m.isthb" },
      source: { kind: "stdin", header: false },
      send: { url: service.url },
      frame: { items: 1 },
    };
    const path = writeConfig(folder, tables);
    expect((await cli("status", "--config", path)).stdout).toBe("device    pump-7, not running\nqueue     none yet\n");
    const run = startAgent(folder, tables, Readable.from([Buffer.from("1\n2\n3\n")]));
    const agent = await run.agent;
    await expect.poll(() => agent.snapshot().queue.frames, { timeout: 30_000 }).toBe(3);
    await expect
      .poll(() => agent.snapshot().problems["send"]?.message, { timeout: 30_000 })
      .toContain("unauthorised: who are you");
    const { stdout } = await cli("status", "--config", path);
    expect(stdout).toMatch(/^device {4}pump-7, running for \d+ s/);
    expect(stdout).toContain("queue     3 frames, ");
    expect(stdout).toContain("unauthorised: who are you");
    const json = JSON.parse((await cli("status", "--config", path, "--json")).stdout);
    expect(json).toMatchObject({
      running: true,
      device: "pump-7",
      queue: { frames: 3, dropped: 0 },
      send: { stored: 0 },
      model: { id: modelId(1) },
    });
    expect(json.send.refused.unauthorised).toBeGreaterThan(0);
    await run.stop();
    const left = JSON.parse((await cli("status", "--config", path, "--json")).stdout);
    expect(left).toMatchObject({ running: false, device: "pump-7", queue: { frames: 3 } });
    expect((await cli("status", "--config", path)).stdout).toMatch(/not running\nqueue {5}3 frames/);
  });
});
